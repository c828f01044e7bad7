# Private servers and loads for the benches; to be sourced with $root and $build set. Defines $dir, removed at the end.

. "$root/tests/helpers/servers.sh"
export PATH=$PATH:/usr/sbin
dir=$(mktemp -d "${TMPDIR:-/tmp}/silsila-bench-XXXXXX")
ingest_pid=
finish() {
    [ -n "$ingest_pid" ] && kill "$ingest_pid" 2>/dev/null && wait "$ingest_pid" 2>/dev/null
    servers_stop
    rm -rf "$dir"
}
trap finish EXIT
fleet=$build/tests/bench/silsila-fleet
gateways=20

say() { echo "bench: $*" >&2; }
sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
field() { python3 -c 'import json,sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$1" "$2"; }
reckon() { python3 -c "print($1)"; }

start_all() {
    mapfile -t lines < <(grep -v '^#' "$root/deploy/postgresql/postgresql.conf" | grep .)
    postgres_start "$dir" "${lines[@]}" "fsync = on" "shared_buffers = 256MB"
    mosquitto_start "$dir" "max_queued_messages 200000" "max_inflight_messages 1000" "set_tcp_nodelay true"
    "$build/cli/silsila" migrate > "$dir/migrate.log"
    "$build/cli/silsila" init --home "$dir/home" --broker-host 127.0.0.1 --broker-port "$MQTT_PORT" > "$dir/init.log"
    {
        echo "broker_port = $MQTT_PORT"
        echo "database = \"dbname=silsila user=silsila_ingest\""
        echo "server_key = \"$dir/home/server.key\""
        echo "server_certificate = \"$dir/home/server.certificate\""
        echo "authority_key = \"$dir/home/authority.der\""
        echo "http_port = -1"
    } > "$dir/ingest.conf"
    setpriv --pdeathsig KILL "$build/ingest/silsila-ingest" -c "$dir/ingest.conf" 2> "$dir/ingest.log" &
    ingest_pid=$!
}

# CPU seconds so far of a process and its descendants (postgres: all its backends).
cpu_of() {
    python3 - "$1" <<'PY'
import os, sys
def stat(pid):
    with open(f"/proc/{pid}/stat") as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return int(parts[1]), sum(map(int, parts[11:15]))
tree, ticks = {}, {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        parent, t = stat(pid)
    except OSError:
        continue
    tree.setdefault(parent, []).append(int(pid)); ticks[int(pid)] = t
def total(pid):
    return ticks.get(pid, 0) + sum(map(total, tree.get(pid, [])))
print(total(int(sys.argv[1])) / os.sysconf("SC_CLK_TCK"))
PY
}

# Waits until the fold has taken the last position in. Prints the wall time of that, in ms.
fold_done() {
    sql -c "DO \$\$ BEGIN LOOP EXIT WHEN (SELECT position FROM silsila.fold_cursor) >= (SELECT sum(size) FROM ledger.head);
            PERFORM pg_sleep(0.02); END LOOP; END \$\$;"
    date +%s%3N
}

# name, then silsila-fleet's arguments: runs one load, prints its JSON with d_seconds added.
load() {
    local name=$1 out done_ms
    shift
    out=$("$fleet" --port "$MQTT_PORT" --home "$dir/home" --prefix "$name" --gateways $gateways "$@")
    done_ms=$(fold_done)
    python3 -c 'import json,sys; r = json.loads(sys.argv[1]); r["d_seconds"] = (int(sys.argv[2]) - r["started_ms"]) / 1000
print(json.dumps(r))' "$out" "$done_ms"
}

