# The servers of a demo: a private PostgreSQL and Mosquitto brokers. To be sourced; $DIR is the demo's folder, $ROOT the
# repository, keep_start comes from processes.sh.

# A port that nobody listens on, below those the kernel hands out by itself. $1 keeps calls apart.
free_port() {
    local port tries
    for tries in {1..200}; do
        port=$((20000 + RANDOM % 12000))
        [[ " ${PORTS_GIVEN-} " == *" $port "* ]] && continue
        (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        PORTS_GIVEN="${PORTS_GIVEN-} $port"
        FREE_PORT=$port
        return 0
    done
    die "no free port found"
}

# PostgreSQL refuses to run as root. As root it runs as the user postgres; where that user cannot reach the folder (below
# /root, say), in a user namespace in which root has another number.
postgres_choose_user() {
    PG_AS=()
    [ "$(id -u)" = 0 ] || return 0
    chmod o+x "$DIR"
    if setpriv --reuid postgres --regid postgres --clear-groups test -x "$DIR" 2>/dev/null; then
        PG_AS=(setpriv --reuid postgres --regid postgres --clear-groups --pdeathsig KILL --)
        chown -R postgres:postgres "$DIR/pg"
    elif unshare --user --map-user="$(id -u postgres)" --map-group="$(id -g postgres)" true 2>/dev/null; then
        PG_AS=(unshare --user --map-user="$(id -u postgres)" --map-group="$(id -g postgres)" --)
    else
        die "the user postgres cannot reach $DIR, and there are no user namespaces: give another folder with --dir"
    fi
}

postgres_start() {
    # Only now: on a bare machine the packages were installed after this file was read.
    PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    [ -n "$PG_BIN" ] || die "no PostgreSQL server is installed"
    mkdir -p "$DIR/pg"
    chmod 700 "$DIR/pg"
    postgres_choose_user
    # The socket's path has at most 107 bytes.
    PG_SOCKETS=$DIR/pg
    if [ ${#PG_SOCKETS} -gt 85 ]; then
        PG_SOCKETS=$(mktemp -d /tmp/silsila-demo-XXXXXX)
        [ "$(id -u)" = 0 ] && chown postgres "$PG_SOCKETS"
        TEMPORARY+=("$PG_SOCKETS")
    fi
    (cd / && "${PG_AS[@]}" "$PG_BIN/initdb" -D "$DIR/pg/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N) \
        > "$DIR/log/initdb.log" 2>&1 || { tail "$DIR/log/initdb.log" >&2; die "initdb failed"; }
    {
        cat "$ROOT/deploy/postgresql/postgresql.conf"
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$PG_SOCKETS'"
        echo "logging_collector = off"
    } | "${PG_AS[@]}" tee -a "$DIR/pg/data/postgresql.conf" > /dev/null
    keep_start postgres INT "${PG_AS[@]}" "$PG_BIN/postgres" -D "$DIR/pg/data"
    export PGHOST=$PG_SOCKETS PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
    wait_for "PostgreSQL" 30 "$PG_BIN/pg_isready" -q
    "$PG_BIN/createdb" silsila || die "createdb failed"
    export PGDATABASE=silsila
}

# broker_start NAME TEMPLATE PORT
broker_start() {
    local name=$1 template=$2 port=$3
    "$ROOT/deploy/pki/test-ca" "$DIR/pki" server "$name"
    cp "$ROOT/deploy/mosquitto/$template.acl" "$DIR/$name.acl"
    chmod 600 "$DIR/$name.acl"
    sed -e "s|@PORT@|$port|; s|@ADDRESS@|127.0.0.1|; s|@NAME@|$name|g; s|@PKI@|$DIR/pki|g; s|@ACL@|$DIR/$name.acl|; s|@USER@|$(id -un)|" \
        "$ROOT/deploy/mosquitto/$template.conf" > "$DIR/$name.conf"
    keep_start "$name" TERM "$(PATH=$PATH:/usr/sbin command -v mosquitto)" -c "$DIR/$name.conf"
    wait_for "$name" 15 port_answers "$port"
}

port_answers() {
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
