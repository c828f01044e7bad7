#!/bin/bash
# 100,000 recorded readings, bad rows among them, through three gateways into one ledger in order, and the same envelopes into
# a second database in a drawn order on the late lanes: every good row is there to the millidegree, every bad row is named, and
# both databases have one digest.
#
#     test_replay_orders.sh SILSILA INGEST [ROWS]
set -u
silsila=$1 ingest=$2 rows=${3:-100000}
. "${SILSILA_SOURCE:?}/tests/helpers/servers.sh"
dir=$(mktemp -d /tmp/silsila-orders-XXXXXX)
failed=0 ingest_pid= seed=$RANDOM$RANDOM
echo "seed $seed"

finish() {
    [ -n "$ingest_pid" ] && kill "$ingest_pid" 2>/dev/null && wait "$ingest_pid" 2>/dev/null
    servers_stop
    rm -rf "$dir"
}
trap finish EXIT
expect() {
    if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected \"$2\", got \"$3\""; failed=1; fi
}

# Good rows to good.csv as `seconds,celsius` with three decimals; every 997th row of the file is one of four bad ones.
awk -v rows="$rows" -v seed="$seed" -v good="$dir/good.csv" 'BEGIN {
    srand(seed); print "time,celsius"
    for (i = 0; i < rows; i++) {
        at = 1750000000 + 60 * i; value = sprintf("%.3f", -30 + 3 * rand())
        if (i % 997 != 500) { print at "," value; print at "," value > good; continue }
        if (i % 4 == 0) print "yesterday," value; else if (i % 4 == 1) print at ",cold"; else if (i % 4 == 2) print at ",-300"; else print at
    }
}' > "$dir/file.csv"
bad=$((rows + 1 - 1 - $(wc -l < "$dir/good.csv")))

# feed DATABASE HOME OPTION…
feed() {
    local database=$1
    export SILSILA_HOME=$2
    shift 2
    createdb "$database"
    PGDATABASE=$database "$silsila" migrate > /dev/null || failed=1
    "$silsila" init --broker-host 127.0.0.1 --broker-port "$MQTT_PORT" \
        --database "host=$dir/pg dbname=$database user=postgres" > /dev/null || failed=1
    echo "fold_wait_s = 120" >> "$SILSILA_HOME/silsila.conf"
    printf '%s\n' "broker_port = $MQTT_PORT" "database = \"host=$dir/pg dbname=$database user=silsila_ingest\"" \
        "server_key = \"$SILSILA_HOME/server.key\"" "server_certificate = \"$SILSILA_HOME/server.certificate\"" \
        "http_port = -1" > "$dir/ingest.conf"
    "$ingest" -c "$dir/ingest.conf" >> "$dir/ingest.log" 2>&1 &
    ingest_pid=$!
    "$silsila" replay --csv "$dir/file.csv" --gateway gw-rec --probe p-1 --site rabat --gateways 3 "$@" > "$dir/$database.out" 2>&1
    expect "$database: replay" 0 $?
    kill "$ingest_pid" && wait "$ingest_pid" 2>/dev/null
    ingest_pid=
}

postgres_start "$dir" || exit 1
mosquitto_start "$dir" || exit 1
feed in_order "$dir/home"
expect "every bad row is named" "$bad" "$(grep -c "^$dir/file.csv:[0-9]*: " "$dir/in_order.out")"
expect "line 502 is the first" "$dir/file.csv:502" "$(grep -m1 -o "^$dir/file.csv:[0-9]*" "$dir/in_order.out")"
# The same home in front of an empty database: same keys, same origin, same envelopes.
cp -r "$dir/home" "$dir/home2" && rm "$dir/home2/silsila.conf"
feed drawn "$dir/home2" --again --shuffle "$((seed + 1))"

wanted=$(sort "$dir/good.csv" | sha256sum)
for database in in_order drawn; do
    got=$(psql -qAtX -d "$database" -c "SELECT extract(epoch FROM measured_at)::bigint || ',' || celsius FROM silsila.reading WHERE quality = 'good'" | sort | sha256sum)
    expect "$database: every good row, once, to the millidegree" "$wanted" "$got"
    expect "$database: nothing missing, nothing judged" "0|0" "$(psql -qAtX -d "$database" -c "SELECT (SELECT sum(missing) FROM silsila.loss_account), (SELECT count(*) FROM silsila.judgement)")"
done
expect "the orders differ" different "$([ "$(psql -qAtX -d in_order -c 'SELECT root FROM ledger.head')" = "$(psql -qAtX -d drawn -c 'SELECT root FROM ledger.head')" ] && echo alike || echo different)"
expect "there is a digest" 64 "$(PGDATABASE=in_order "$silsila" digest | head -1 | tr -d '\n' | wc -c)"
expect "one digest" "$(PGDATABASE=in_order "$silsila" digest)" "$(PGDATABASE=drawn "$silsila" digest)"
exit "$failed"
