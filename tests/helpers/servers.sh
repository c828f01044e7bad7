# Private servers for tests that are scripts; to be sourced. Everything lives in the folder given, listens on a Unix socket
# or on a free loopback port, and ends with servers_stop (trap it on EXIT).
#
#     . tests/helpers/servers.sh
#     trap servers_stop EXIT
#     postgres_start "$dir" [extra postgresql.conf line]…   exports PGHOST PGPORT PGDATABASE PGUSER
#     mosquitto_start "$dir" [extra mosquitto.conf line]…   sets MQTT_PORT
#
# As root, PostgreSQL runs as the user postgres. fsync is off unless a line turns it on: killing a process loses no page.

SERVERS_PIDS=()
PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)

as_postgres() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi
}

postgres_start() {
    local dir=$1
    shift
    mkdir -p "$dir/pg"
    if [ "$(id -u)" = 0 ]; then chmod o+x "$dir" && chown postgres "$dir/pg"; fi
    (cd / && as_postgres "$PG_BIN/initdb" -D "$dir/pg/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N) \
        > "$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; return 1; }
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$dir/pg'"
        echo "fsync = off"
        echo "shared_buffers = 64MB"
        printf '%s\n' "$@"
    } > "$dir/extra.conf"
    as_postgres tee -a "$dir/pg/data/postgresql.conf" < "$dir/extra.conf" > /dev/null
    postgres_run "$dir"
    export PGHOST=$dir/pg PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
    createdb silsila
    export PGDATABASE=silsila
}

# Starts the server of a folder that postgres_start made (again, after a kill); POSTGRES_PID is its postmaster.
postgres_run() {
    (cd / && exec setpriv --pdeathsig KILL $([ "$(id -u)" = 0 ] && echo --reuid postgres --regid postgres --clear-groups) \
        "$PG_BIN/postgres" -D "$1/pg/data") >> "$1/postgres.log" 2>&1 &
    POSTGRES_PID=$!
    SERVERS_PIDS+=("$POSTGRES_PID")
    until "$PG_BIN/pg_isready" -q -h "$1/pg"; do
        kill -0 "$POSTGRES_PID" 2>/dev/null || { tail "$1/postgres.log" >&2; return 1; }
        read -rt 0.05 <> <(:) || true
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

mosquitto_start() {
    local dir=$1
    shift
    local attempt
    for attempt in 1 2 3 4 5; do
        MQTT_PORT=$(free_port)
        {
            echo "listener $MQTT_PORT 127.0.0.1"
            echo "allow_anonymous true"
            echo "max_queued_messages 20000"
            printf '%s\n' "$@"
        } > "$dir/mosquitto.conf"
        mosquitto_run "$dir" && return 0
    done
    return 1
}

# Starts the broker of a folder again; MOSQUITTO_PID is its process.
mosquitto_run() {
    setpriv --pdeathsig KILL mosquitto -c "$1/mosquitto.conf" >> "$1/mosquitto.log" 2>&1 &
    MOSQUITTO_PID=$!
    until mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -t test -n 2>/dev/null; do
        kill -0 "$MOSQUITTO_PID" 2>/dev/null || return 1
        read -rt 0.05 <> <(:) || true
    done
    SERVERS_PIDS+=("$MOSQUITTO_PID")
}

servers_stop() {
    local pid
    for pid in "${SERVERS_PIDS[@]}"; do
        kill -INT "$pid" 2>/dev/null
    done
    for pid in "${SERVERS_PIDS[@]}"; do
        wait "$pid" 2>/dev/null
    done
    SERVERS_PIDS=()
}
