#!/bin/bash
# A gateway that was away through two rotations of the server's key comes back by itself: it pins the authority and the origin,
# and takes the new key by the certificate that every message carries. The key that was retired is refused from then on: a
# receipt that it signs empties nothing.
#
#     test_key_rotation.sh SILSILA INGEST GATEWAY OUTBOX_LIST
set -u
silsila=$1 ingest=$2 gateway=$3 outbox_list=$4
. "${SILSILA_SOURCE:?}/tests/helpers/servers.sh"
dir=$(mktemp -d /tmp/silsila-rotation-XXXXXX)
failed=0 ingest_pid= gateway_pid=

stop() { [ -n "$1" ] && kill "$1" 2>/dev/null && wait "$1" 2>/dev/null; }
finish() {
    stop "$gateway_pid"
    stop "$ingest_pid"
    servers_stop
    [ "$failed" = 0 ] || { echo "--- ingest"; tail -20 "$dir/ingest.log"; echo "--- gateway"; tail -20 "$dir/gateway.log"; }
    rm -rf "$dir"
}
trap finish EXIT
expect() {
    if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected \"$2\", got \"$3\""; failed=1; fi
}
ask() { psql -qAtX -c "$1"; }
# until_true WHAT SECONDS COMMAND…
until_true() {
    local what=$1 end=$((SECONDS + $2))
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || { echo "not ok $what"; failed=1; return 1; }
        read -rt 0.1 <> <(:) || true
    done
    echo "ok $what"
}
readings() { ask "SELECT count(*) FROM silsila.reading WHERE gateway = 'gw-001'"; }
more_than() { [ "$(readings)" -gt "$1" ]; }
# metric NAME: of the running gateway; without curl.
metric() {
    exec 3<> "/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    sed -n "s/^silsila_gateway_$1 \([0-9]*\).*/\1/p" <&3
    exec 3>&-
} 2> /dev/null
metric_over() { [ "$(metric "$1")" -gt "$2" ] 2> /dev/null; }

start_ingest() {
    "$ingest" -c "$dir/ingest.conf" >> "$dir/ingest.log" 2>&1 &
    ingest_pid=$!
}
start_gateway() {
    port=$(free_port)
    sed -i "s/^http_port = .*/http_port = $port/" "$dir/gateway.conf"
    "$gateway" -c "$dir/gateway.conf" >> "$dir/gateway.log" 2>&1 &
    gateway_pid=$!
}

postgres_start "$dir" || exit 1
mosquitto_start "$dir" || exit 1
export SILSILA_HOME=$dir/home
"$silsila" migrate > /dev/null && "$silsila" init --broker-host 127.0.0.1 --broker-port "$MQTT_PORT" \
    --database "host=$dir/pg dbname=silsila user=postgres" > /dev/null
expect "init" 0 $?
cat > "$dir/ingest.conf" << EOF
broker_port = $MQTT_PORT
database = "host=$dir/pg dbname=silsila user=silsila_ingest"
server_key = "$dir/home/server.key"
server_certificate = "$dir/home/server.certificate"
http_port = -1
EOF
start_ingest
"$SILSILA_SOURCE/deploy/pki/test-ca" "$dir/pki" init
"$silsila" gateway csr gw-001 --dir "$dir/gw" --output "$dir/request" > /dev/null &&
    "$silsila" gateway enrol "$dir/request" --output "$dir/answer" --site rabat --ca "$dir/pki/ca.crt" --ca-key "$dir/pki/ca.key" > /dev/null &&
    "$silsila" gateway import "$dir/answer" --dir "$dir/gw" > /dev/null
expect "enrolment" 0 $?
mkdir -p "$dir/sys/class/hwmon/hwmon0"
echo tmp102 > "$dir/sys/class/hwmon/hwmon0/name"
echo -30000 > "$dir/sys/class/hwmon/hwmon0/temp1_input"
cat > "$dir/gateway.conf" << EOF
id = "gw-001"
state_dir = "$dir/gw"
broker_host = "127.0.0.1"
broker_port = $MQTT_PORT
record_key = "$dir/gw/record.key"
bundle = "$dir/gw/bundle"
sysfs_root = "$dir/sys"
interval_s = 1
seal_s = 1
http_port = -1
clock_trusted = true
probe "shelf" { driver = hwmon chip = "tmp102" channel = temp1 }
EOF
# Inside the hysteresis of its limit each reading is sealed at once: nothing here waits for a quarter of an hour.
"$silsila" equipment add frz-1 --name "Freezer" --kind freezer --site rabat --cadence 1s --rule id=warm,above=-25,hysteresis=10 > /dev/null &&
    "$silsila" probe place gw-001 shelf --equipment frz-1 > /dev/null
expect "equipment and probe" 0 $?
start_gateway
until_true "readings arrive" 30 more_than 2
until_true "and are receipted" 20 metric_over receipts_total 0
stop "$gateway_pid"
before=$(readings)

# Away. The key of serial 1 is kept: somebody may have stolen it.
for serial in 2 3; do
    "$silsila" key rotate server > /dev/null
    expect "rotation to serial $serial" 0 $?
    kill -HUP "$ingest_pid"
    "$silsila" site add "site-$serial" --name "after rotation" > /dev/null
    expect "receipts go on" 0 $?
done
start_gateway
until_true "it comes back by itself" 30 more_than "$((before + 2))"
until_true "and believes the new key" 20 metric_over receipts_total 0
stop "$gateway_pid"
expect "what it took before is off its hands" "" "$("$outbox_list" "$dir/gw/outbox.db" | awk -F, -v n="$before" 'NR <= n && $6 == "unreceipted"')"
start_gateway

# The retired key again, in an ingest that knows no better.
stop "$ingest_pid"
cp "$dir/home/server.1.key" "$dir/home/server.key" && cp "$dir/home/server.1.certificate" "$dir/home/server.certificate"
start_ingest
known=$(readings)
until_true "the ledger goes on" 30 more_than "$((known + 3))"
until_true "its receipts are ignored" 20 metric_over receipts_ignored_total 2
held=$(metric envelopes_unreceipted)
until_true "and the outbox keeps what they name" 20 metric_over envelopes_unreceipted "$((held + 1))"
expect "which is told" yes "$(grep -q "event=.*serial\|certificate" "$dir/gateway.log" && echo yes || echo no)"
exit "$failed"
