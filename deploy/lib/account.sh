# What became of the readings of a demo: everything the gateways ever journaled, as their outboxes hold it, against what can
# be read in SQL. To be sourced after fleet.sh.

SQL() { "$PG_BIN/psql" -U postgres -d silsila -XAtq -v ON_ERROR_STOP=1 "$@"; }

outbox_of() { echo "$DIR/gateway-$1/outbox.db"; }

# Stops the gateways' sampling, then lets each seal and deliver what it holds, without probes, until its outbox is empty or
# the bound is reached (a broker or the ledger is down).
fleet_flush() {
    local n left try names=() end=$((SECONDS + 60))
    for ((n = 1; n <= GATEWAYS; n++)); do
        names+=("gateway-$n")
        # Drivers with nothing to read, bodies sealed within a second.
        sed -e 's/^seal_s = .*/seal_s = 1/; /^probe /d; s|^sysfs_root = .*|sysfs_root = "'"$DIR"'/nothing"|' \
            -e '$ a w1 = false' "$DIR/gateway-$n/gateway.conf" > "$DIR/gateway-$n/flush.conf"
    done
    keep_stop probes "${names[@]}"
    for ((try = 1; SECONDS < end; try++)); do
        left=()
        for ((n = 1; n <= GATEWAYS; n++)); do
            outbox_is_delivered "$n" || left+=("$n")
        done
        [ ${#left[@]} -eq 0 ] && return
        for n in "${left[@]}"; do
            keep_start "gateway-$n" TERM "$BUILD/gateway/silsila-gateway" -c "$DIR/gateway-$n/flush.conf"
        done
        pause $((try < 4 ? 2 + try : 6))
        keep_stop "${names[@]}"
    done
}

outbox_is_delivered() {
    [[ $("$BUILD/deploy/silsila-outbox-list" --count "$(outbox_of "$1")" 2>/dev/null) == *" unreceipted=0 unsealed=0 "* ]]
}

# Until the fold has read the whole ledger, within a bound.
account_wait() {
    local end=$((SECONDS + 60))
    until [ "$(SQL -c "SELECT coalesce((SELECT sum(size) FROM ledger.head), 0) <= (SELECT sum(position) FROM silsila.fold_cursor)" 2>/dev/null)" = t ]; do
        [ "$SECONDS" -lt "$end" ] || return
        pause 0.2
    done
}

# One line a reading: gateway,probe,time_ms,value_mc.
account_taken() {
    local n
    for ((n = 1; n <= GATEWAYS; n++)); do
        "$BUILD/deploy/silsila-outbox-list" "$(outbox_of "$n")" | awk -F, -v OFS=, -v g="gateway-$n" '{ print g, $1, $2, $3 }'
    done
}

# account_summary SECONDS: sets SUMMARY, leaves what was taken and never found in DIR/missing.csv and what was found without
# having been taken (or twice) in DIR/surplus.csv, which bodies the ledger holds in DIR/ledger.csv; fails unless nothing is
# missing.
account_summary() {
    local figures sampled stored missing excursions lots
    account_taken > "$DIR/taken.csv"
    figures=$(SQL -F ' ' << EOF
CREATE TEMP TABLE taken (gateway text, probe text, at_ms bigint, value_mc integer);
\\copy taken FROM '$DIR/taken.csv' CSV
CREATE TEMP TABLE stored AS
    SELECT gateway, probe, round(extract(epoch FROM measured_at) * 1000)::bigint AS at_ms, round(raw_celsius * 1000)::integer AS value_mc
      FROM silsila.reading WHERE gateway IN (SELECT DISTINCT gateway FROM taken);
CREATE TEMP TABLE missing AS TABLE taken EXCEPT ALL TABLE stored;
CREATE TEMP TABLE surplus AS TABLE stored EXCEPT ALL TABLE taken;
\\copy missing TO '$DIR/missing.csv' CSV
\\copy surplus TO '$DIR/surplus.csv' CSV
\\copy (SELECT gateway, encode(epoch, 'hex') || ':' || seq, encode(sha256(body), 'hex') FROM ledger.envelope ORDER BY position) TO '$DIR/ledger.csv' CSV
SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM stored),
       (SELECT count(*) FROM missing) + (SELECT coalesce(sum(missing), 0) FROM silsila.loss_account);
EOF
    ) || { figures="0 0 -1"; echo "demo: the account cannot be read" >&2; }
    read -r sampled stored missing <<< "$figures"
    excursions=$(count_rows silsila.excursion)
    lots=$(count_rows silsila.lot)
    SUMMARY=$(printf '{"readings_sampled":%s,"readings_stored":%s,"missing":%s,"excursions":%s,"alerts":%s,"lots":%s,"seconds":%s}' \
        "$sampled" "$stored" "$missing" "$excursions" "$(count_rows silsila.alert)" "$lots" "$1")
    [ "$missing" = 0 ]
}

# 0 for a view of a part that is not built yet.
count_rows() {
    SQL -c "SELECT CASE WHEN to_regclass('$1') IS NULL THEN 0 ELSE
        (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM $1', false, true, '')))[1]::text::bigint END" 2>/dev/null || echo 0
}
