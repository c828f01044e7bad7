# The ledger, the ingest and the fleet of a demo. To be sourced after processes.sh and servers.sh.
#
# Everything enters by the one door: sites, equipment, gateways and placements are registered with the command people type,
# each as a signed envelope that is receipted and judged.

SILSILA() {
    "$BUILD/cli/silsila" "$@" > "$DIR/log/command.out" 2>&1 && return 0
    cat "$DIR/log/command.out" >&2
    die "failed: silsila $*"
}

# Schema, authority key, origin, server and admin keys.
ledger_make() {
    local ca=$ROOT/deploy/pki/test-ca
    "$ca" "$DIR/pki" client ingest
    "$ca" "$DIR/pki" client admin
    "$ca" "$DIR/pki" client screen
    SILSILA migrate --database "host=$PGHOST port=$PGPORT dbname=silsila user=postgres"
    export SILSILA_HOME=$DIR/home
    SILSILA init --name "Silsila demo" --database "host=$PGHOST port=$PGPORT dbname=silsila user=postgres" \
        --broker-host localhost --broker-port "$NATIONAL_PORT" --tls-ca "$DIR/pki/ca.crt" \
        --tls-cert "$DIR/pki/admin.crt" --tls-key "$DIR/pki/admin.key" \
        --enrol-ca "$DIR/pki/ca.crt" --enrol-ca-key "$DIR/pki/ca.key"
}

ingest_start() {
    cat > "$DIR/ingest.conf" <<EOF
broker_host = "localhost"
broker_port = $NATIONAL_PORT
tls_ca = "$DIR/pki/ca.crt"
tls_cert = "$DIR/pki/ingest.crt"
tls_key = "$DIR/pki/ingest.key"
database = "host=$PGHOST port=$PGPORT dbname=silsila user=silsila_ingest"
server_key = "$DIR/home/server.key"
server_certificate = "$DIR/home/server.certificate"
http_port = $INGEST_PORT
heartbeat_ms = 500
takeover_ms = 2000
EOF
    keep_start ingest TERM "$BUILD/ingest/silsila-ingest" -c "$DIR/ingest.conf"
    wait_for ingest 30 http_ready "$INGEST_PORT"
}

# Asks without curl, which a bare machine has not.
http_ready() {
    local line=''
    exec 3<> "/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET /-/ready HTTP/1.0\r\n\r\n' >&3
    read -rt 2 line <&3
    exec 3>&-
    [[ $line == *" 200 "* ]]
} 2>/dev/null

# What stands where: gateway N reads kind N modulo 6. Lines of the simulator's plan: ROOT KIND NAME CELSIUS.
# plan NUMBER: sets EQUIPMENT KIND RULE PROBES (id=driver=name=celsius …)
plan() {
    local n=$1
    case $((n % 6)) in
    1) KIND=freezer RULE='id=warm,above=-25,delay=5s,hysteresis=0.5' PROBES="$(rom "$n" 1)=w1==-30 $(rom "$n" 2)=w1==-31" ;;
    2) KIND=refrigerator RULE='id=outside,outside=2..6,delay=5s' PROBES="shelf=hwmon=tmp102=4 door=hwmon=sht3x=4.5" ;;
    3) KIND=freezer RULE='id=warm,above=-25,delay=5s,hysteresis=0.5' PROBES="pt100=iio=max31865=-32" ;;
    4) KIND=transport_box RULE='id=warm,above=-18,delay=10min' PROBES="recorder=replay==-20" ;;
    5) KIND=cold_room RULE='id=outside,outside=2..6,delay=5s' \
        PROBES="$(rom "$n" 1)=w1==4 $(rom "$n" 2)=w1==4 $(rom "$n" 3)=w1==4 $(rom "$n" 4)=w1==4" ;;
    0) KIND=freezer RULE='id=warm,above=-25,delay=5s,hysteresis=0.5' PROBES="air=hwmon=lm75=-28 product=iio=max31856=-29" ;;
    esac
    EQUIPMENT=$KIND-$n
}

rom() { printf '28-%06x%06x' "$1" "$2"; }

# A day's recording of a box, one reading a minute, the last one just over: what a logger brings home.
recording() {
    local now
    now=$(date +%s)
    awk -v end="$((now / 60 * 60 - 60))" -v base="$1" 'BEGIN {
        for (i = 1439; i >= 0; i--) {
            t = end - 60 * i
            printf "%s,%.2f\n", strftime("%Y-%m-%dT%H:%M:%SZ", t, 1), base + 1.5 * sin(i / 90) + (i > 700 && i < 725 ? 6 : 0)
        }
    }'
}

fleet_register() {
    local n probe id driver chip celsius
    : > "$DIR/probes.plan"
    SILSILA site add rabat --name "Rabat, blood centre" --region "Rabat-Salé-Kénitra"
    for ((n = 1; n <= GATEWAYS; n++)); do
        plan "$n"
        SILSILA equipment add "$EQUIPMENT" --name "$KIND $n" --kind "$KIND" --site rabat --rule "$RULE" --cadence 1s
        gateway_enrol "$n"
        for probe in $PROBES; do
            IFS='=' read -r id driver chip celsius <<< "$probe"
            SILSILA probe place "gateway-$n" "$id" --equipment "$EQUIPMENT"
        done
        gateway_configure "$n"
    done
}

# By file, as in the field: request out, bundle back.
gateway_enrol() {
    local id=gateway-$1
    mkdir -p "$DIR/$id"
    chmod 700 "$DIR/$id"
    SILSILA gateway csr "$id" --dir "$DIR/$id" --output "$DIR/$id/request"
    SILSILA gateway enrol "$DIR/$id/request" --output "$DIR/$id/answer" --site rabat
    SILSILA gateway import "$DIR/$id/answer" --dir "$DIR/$id"
}

gateway_configure() {
    local n=$1 id=gateway-$1 probe name driver chip celsius
    plan "$n"
    free_port
    {
        cat <<EOF
id = "$id"
state_dir = "$DIR/$id"
broker_host = "localhost"
broker_port = $NATIONAL_PORT
tls_ca = "$DIR/$id/ca.crt"
tls_cert = "$DIR/$id/tls.crt"
tls_key = "$DIR/$id/tls.key"
record_key = "$DIR/$id/record.key"
bundle = "$DIR/$id/bundle"
sysfs_root = "$DIR/$id/sys"
interval_s = 1
seal_s = 5
scan_s = 5
http_port = $FREE_PORT
# The clock of a container is kept by its host, whom the kernel does not ask.
clock_trusted = true
EOF
        for probe in $PROBES; do
            IFS='=' read -r name driver chip celsius <<< "$probe"
            case $driver in
            hwmon) echo "probe \"$name\" { driver = hwmon chip = \"$chip\" channel = temp1 }" ;;
            iio) echo "probe \"$name\" { driver = iio chip = \"$chip\" channel = in_temp }" ;;
            replay)
                recording "$celsius" > "$DIR/$id/recording.csv"
                echo "probe \"$name\" { driver = replay file = \"$DIR/$id/recording.csv\" speed = $SPEED }"
                continue
                ;;
            esac
            echo "$DIR/$id/sys $driver ${chip:-$name} $celsius" >> "$DIR/probes.plan"
        done
    } > "$DIR/$id/gateway.conf"
}

fleet_start() {
    local n
    if [ -s "$DIR/probes.plan" ]; then
        keep_start probes TERM "$BUILD/deploy/silsila-demo-probes" --speed "$SPEED" "$DIR/probes.plan"
    fi
    for ((n = 1; n <= GATEWAYS; n++)); do
        keep_start "gateway-$n" TERM "$BUILD/gateway/silsila-gateway" -c "$DIR/gateway-$n/gateway.conf"
    done
}
