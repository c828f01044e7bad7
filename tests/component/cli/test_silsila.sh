#!/bin/bash
# silsila against a real PostgreSQL, Mosquitto and ingest: a ledger begins, registers are told, a gateway is enrolled, a
# recording is replayed, keys are rotated and revoked; and what people are told when something is not there.
#
#     test_silsila.sh SILSILA INGEST
set -u
silsila=$1 ingest=$2
source_root=${SILSILA_SOURCE:?}
. "$source_root/tests/helpers/servers.sh"
dir=$(mktemp -d /tmp/silsila-cli-XXXXXX)
failed=0
ingest_pid=

finish() {
    [ -n "$ingest_pid" ] && kill "$ingest_pid" 2>/dev/null && wait "$ingest_pid" 2>/dev/null
    servers_stop
    [ "$failed" = 0 ] || { echo "--- ingest"; tail -20 "$dir/ingest.log"; }
    rm -rf "$dir"
}
trap finish EXIT

# expect WHAT WANTED GOT
expect() {
    if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected \"$2\", got \"$3\""; failed=1; fi
}
# runs WHAT EXIT COMMAND…: output in $out
runs() {
    local what=$1 wanted=$2
    shift 2
    out=$("$@" 2>&1)
    local status=$?
    if [ "$status" = "$wanted" ]; then echo "ok $what"; else echo "not ok $what: exit $status, $out"; failed=1; fi
}
holds() { case $out in *"$2"*) echo "ok $1" ;; *) echo "not ok $1: \"$2\" is not in: $out"; failed=1 ;; esac; }
ask() { psql -qAtX -c "$1"; }

start_ingest() {
    "$ingest" -c "$dir/ingest.conf" >> "$dir/ingest.log" 2>&1 &
    ingest_pid=$!
}
stop_ingest() { kill "$ingest_pid"; wait "$ingest_pid" 2>/dev/null; ingest_pid=; }

postgres_start "$dir" || exit 1
mosquitto_start "$dir" || exit 1
export SILSILA_HOME=$dir/home

runs "migrate" 0 "$silsila" migrate
runs "no home yet" 1 "$silsila" site add x --name x
holds "says how to get one" "silsila init"
runs "init" 0 "$silsila" init --name test --broker-host 127.0.0.1 --broker-port "$MQTT_PORT" --database "$(printf 'host=%s dbname=silsila user=postgres' "$dir/pg")"
runs "init once only" 1 "$silsila" init
expect "the origin is in the database" "$(od -An -tx1 "$dir/home/origin" | tr -d ' \n')" "$(ask "SELECT encode(origin, 'hex') FROM ledger.origin")"
runs "another home for this database" 1 "$silsila" init --home "$dir/other" --database "host=$dir/pg dbname=silsila user=postgres"
holds "is refused" "another ledger"

# What was said before the ingest was there goes with the next command.
echo 'receipt_wait_s = 1' >> "$dir/home/silsila.conf"
runs "no ingest: no receipt" 1 "$silsila" site add rabat --name "Rabat"
holds "says that it stays" "stay in the outbox"
sed -i '/receipt_wait_s/d' "$dir/home/silsila.conf"

cat > "$dir/ingest.conf" << EOF
broker_port = $MQTT_PORT
database = "host=$dir/pg dbname=silsila user=silsila_ingest"
server_key = "$dir/home/server.key"
server_certificate = "$dir/home/server.certificate"
authority_key = "$dir/home/authority.der"
http_port = -1
EOF
start_ingest

runs "equipment add" 0 "$silsila" equipment add frz-1 --name "Congélateur 1" --kind freezer --site rabat --rule id=warm,above=-25,delay=10min,hysteresis=0.5,tier=action
holds "in effect" "in effect"
expect "both are there" "rabat|frz-1" "$(ask "SELECT s.id, e.id FROM silsila.site s JOIN silsila.equipment e ON e.site = s.id")"
expect "the rule is there" "-25000" "$(ask "SELECT rules->0->>'limit_mc' FROM silsila.equipment WHERE id = 'frz-1'")"
runs "equipment by a profile" 0 "$silsila" equipment add fridge-1 --name "Réfrigérateur" --kind refrigerator --site rabat --profile "$source_root/schema/policies/vaccine-refrigerator.policy" --rule id=own,above=30
expect "has the profile's rules and its own" "yes|own" "$(ask "SELECT CASE WHEN jsonb_array_length(rules) > 1 THEN 'yes' END, rules->-1->>'id' FROM silsila.equipment WHERE id = 'fridge-1'")"
runs "no such profile" 1 "$silsila" equipment add fridge-2 --name x --kind refrigerator --site rabat --profile "$source_root/schema/policies/vaccine-refrigerator.policy#none"
runs "product add" 0 "$silsila" product add ffp --name "Plasma frais congelé" --policy plasma --shelf-life-months 24 --test hiv --test hcv
runs "person add" 0 "$silsila" person add qadir --name "Qadir" --role quality --site '*' --badge 17
expect "two tests" "{hiv,hcv}" "$(ask "SELECT required_tests FROM silsila.product_entry")"
for i in 1 2 3 4; do "$silsila" site add "together-$i" --name "$i" > /dev/null 2> "$dir/together.$i" & together[$i]=$!; done
for i in 1 2 3 4; do wait "${together[$i]}" || { cat "$dir/together.$i"; failed=1; }; done
expect "four commands at once take turns" 4 "$(ask "SELECT count(*) FROM silsila.site WHERE id LIKE 'together-%'")"
runs "a rule that is none" 1 "$silsila" equipment add frz-2 --name x --kind freezer --site rabat --rule id=warm
runs "a flag that is none" 2 "$silsila" site add x --nam y
runs "json" 0 "$silsila" site add fes --name "Fès" --json
holds "json says folded" '"folded":true'

# Policies: the file as it was loaded, found again byte for byte.
runs "policy load" 0 "$silsila" policy load "$source_root/schema/policies/red-cells.policy"
id=$(sed -n 's/^policy "\(.*\)" {/\1/p' "$source_root/schema/policies/red-cells.policy" | head -1)
runs "policy list" 0 "$silsila" policy list
holds "it is listed" "$id"
expect "as it was" "$(sha256sum < "$source_root/schema/policies/red-cells.policy")" "$("$silsila" policy show "$id" | sha256sum)"
runs "a policy that is none" 1 "$silsila" policy load "$source_root/meson.build"
runs "no such policy" 1 "$silsila" policy show nothing

# Enrolment by file.
"$source_root/deploy/pki/test-ca" "$dir/pki" init
runs "csr" 0 "$silsila" gateway csr gw-001 --dir "$dir/gw" --output "$dir/request"
runs "enrol" 0 "$silsila" gateway enrol "$dir/request" --output "$dir/bundle" --site rabat --ca "$dir/pki/ca.crt" --ca-key "$dir/pki/ca.key"
runs "import" 0 "$silsila" gateway import "$dir/bundle" --dir "$dir/gw"
runs "its TLS certificate" 0 openssl verify -CAfile "$dir/gw/ca.crt" "$dir/gw/tls.crt"
expect "its key is registered" "$(openssl pkey -in "$dir/gw/record.key" -pubout -outform DER | sha256sum | cut -d' ' -f1)" "$(ask "SELECT encode(key_id, 'hex') FROM silsila.key WHERE owner = 'gw-001'")"
LC_ALL=C sed -i 's/gw-001/gw-002/' "$dir/request"
runs "a request for another id than was signed" 1 "$silsila" gateway enrol "$dir/request" --output "$dir/bundle2" --site rabat --ca "$dir/pki/ca.crt" --ca-key "$dir/pki/ca.key"
expect "leaves no bundle" "no" "$([ -e "$dir/bundle2" ] && echo yes || echo no)"

# A recording: 3000 rows, three of them bad.
{
    echo "time,celsius"
    for i in $(seq 0 2999); do printf '%d,%d.%03d\n' $((1760000000 + 60 * i)) $((-30 - i % 7)) $((i % 1000)); done
} > "$dir/good.csv"
sed -e '11s/.*/not a time,-30/' -e '500s/.*/1760029920,warm/' -e '2000s/.*/1760119920,-999/' "$dir/good.csv" > "$dir/mixed.csv"
runs "probe place" 0 "$silsila" probe place gw-rec p-1 --equipment frz-1 --from 2025-01-01T00:00:00Z
runs "calibrate" 0 "$silsila" calibrate gw-rec p-1 --offset 0.25 --from 2025-10-10T00:00:00Z
runs "replay" 0 "$silsila" replay --csv "$dir/mixed.csv" --gateway gw-rec --probe p-1 --site rabat
holds "line 11" ":11: "
holds "line 500" ":500: "
holds "line 2000" ":2000: "
holds "says how many" "2997 readings"
expect "each good row once" "2997|2997" "$(ask "SELECT count(*), count(DISTINCT measured_at) FROM silsila.reading WHERE gateway = 'gw-rec'")"
wanted=$(sed -e '1d;11d;500d;2000d' "$dir/mixed.csv" | sort | sha256sum)
expect "to the millidegree" "$wanted" "$(ask "SELECT extract(epoch FROM measured_at)::bigint || ',' || raw_celsius FROM silsila.reading WHERE gateway = 'gw-rec'" | sort | sha256sum)"
expect "placed and calibrated" "frz-1|0.250" "$(ask "SELECT DISTINCT equipment, celsius - raw_celsius FROM silsila.reading WHERE gateway = 'gw-rec' AND measured_at >= '2025-10-10T00:00:00Z'")"
before=$(ask "SELECT size FROM ledger.head")
runs "replay again" 0 "$silsila" replay --csv "$dir/mixed.csv" --gateway gw-rec --probe p-1
rm -f "$dir"/home/replay/gw-rec/*.outbox*
runs "and from an empty outbox" 0 "$silsila" replay --csv "$dir/mixed.csv" --gateway gw-rec --probe p-1
expect "stores nothing twice" "$before" "$(ask "SELECT size FROM ledger.head")"
runs "shuffled over gateways" 0 "$silsila" replay --csv "$dir/good.csv" --gateway gw-mix --probe p-1 --gateways 3 --shuffle 7 --readings 20
expect "all of them" "3|3000" "$(ask "SELECT count(DISTINCT gateway), count(*) FROM silsila.reading WHERE gateway LIKE 'gw-mix-%'")"
expect "nothing missing" "0" "$(ask "SELECT coalesce(sum(missing), 0) FROM silsila.loss_account")"

# Keys: the server's rotates under a running system; a gateway's is trusted through what is stored.
runs "rotate the server's" 0 "$silsila" key rotate server
kill -HUP "$ingest_pid"
runs "receipts by the new key" 0 "$silsila" site add agadir --name "Agadir"
runs "rotate the admin's" 0 "$silsila" key rotate admin
runs "said with the new key" 0 "$silsila" site add oujda --name "Oujda"
expect "two admin keys have spoken" "2" "$(ask "SELECT count(*) FROM ledger.key WHERE owner = 'admin'")"
runs "revoke" 0 "$silsila" key revoke gw-mix-1 --why "stolen"
expect "trusted through the last" "50" "$(ask "SELECT trusted_seq FROM silsila.key_revocation WHERE owner = 'gw-mix-1'")"
expect "what is stored stays good" "1000|good" "$(ask "SELECT count(*), min(quality) FROM silsila.reading WHERE gateway = 'gw-mix-1'")"
runs "revoke all of it" 0 "$silsila" key revoke gw-mix-2 --why "forged" --nothing
expect "nothing of it counts" "1000|key_revoked" "$(ask "SELECT count(*), min(quality) FROM silsila.reading WHERE gateway = 'gw-mix-2'")"

# A reading of this minute beyond a limit, and a policy in use that says of itself that it is to be confirmed.
printf '%d,-10\n' "$(date +%s)" > "$dir/warm.csv"
runs "a warm reading" 0 "$silsila" replay --csv "$dir/warm.csv" --gateway gw-rec --probe p-1
runs "cells" 0 "$silsila" policy load "$source_root/schema/policies/cell-therapy.policy"
runs "a product of them" 0 "$silsila" product add cells --name "Cells" --policy cell-therapy-vapour-nitrogen
runs "status" 0 "$silsila" status
holds "status knows what is warm" "frz-1      warm"
holds "status knows the unconfirmed" "cell-therapy-vapour-nitrogen  1        cells"
holds "status knows the gateways" "gw-rec"
runs "status json" 0 "$silsila" status --json
expect "status is JSON" "0" "$(printf '%s' "$out" | python3 -m json.tool > /dev/null; echo $?)"

runs "swap" 0 "$silsila" gateway swap gw-rec gw-001 --why "broken"
expect "the old one's probe is nowhere, the new one's stands where it stood" "gw-001|p-1|frz-1|product gw-rec|p-1||product" "$(ask "SELECT gateway, probe, equipment, role FROM silsila.placement WHERE valid_to IS NULL AND gateway IN ('gw-rec', 'gw-001') ORDER BY 1" | tr '\n' ' ' | sed 's/ $//')"
runs "swap with itself" 1 "$silsila" gateway swap gw-001 gw-001 --why "broken"

stop_ingest
exit "$failed"
