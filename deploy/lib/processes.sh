# Starting, watching and stopping the processes of a demo. To be sourced; $DIR is the demo's folder, $ROOT the repository.

KEEPERS=()      # process ids of deploy/lib/keep, in the order of starting
KEEPER_NAMES=()
TEMPORARY=()    # folders outside $DIR to be removed at the end
exec {NEVER}<> <(:)

say() { [ -n "${QUIET-}" ] || printf '%s\n' "$*" >&2; }

die() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

pause() { read -rt "$1" -u "$NEVER" || true; }

# wait_for WHAT SECONDS COMMAND…: until the command succeeds.
wait_for() {
    local what=$1 end=$((SECONDS + $2))
    shift 2
    until "$@"; do
        [ "$SECONDS" -le "$end" ] || die "$what did not come up; see $DIR/log"
        pause 0.1
    done
}

# keep_start NAME SIGNAL COMMAND…: under a keeper that restarts it; in a session of its own, so that Ctrl-C reaches the
# demo alone, which stops everything in order.
keep_start() {
    local name=$1 signal=$2
    shift 2
    setsid setpriv --pdeathsig TERM "$ROOT/deploy/lib/keep" "$DIR/run" "$name" "$DIR/log/$name.log" "$signal" -- "$@" \
        {NEVER}>&- &
    KEEPERS+=("$!")
    KEEPER_NAMES+=("$name")
}

# keep_stop NAME…: ends these and waits for them.
keep_stop() {
    local name i pids=()
    for name in "$@"; do
        for i in "${!KEEPERS[@]}"; do
            if [ "${KEEPER_NAMES[$i]}" = "$name" ]; then
                kill -TERM "${KEEPERS[$i]}" 2>/dev/null
                pids+=("${KEEPERS[$i]}")
                unset "KEEPERS[$i]" "KEEPER_NAMES[$i]"
            fi
        done
    done
    for i in "${pids[@]}"; do
        while kill -0 "$i" 2>/dev/null; do wait "$i"; done
    done
}

# Everything that still runs, the last started first.
keep_stop_all() {
    local i names=()
    for i in "${!KEEPERS[@]}"; do names=("${KEEPER_NAMES[$i]}" "${names[@]}"); done
    [ ${#names[@]} -eq 0 ] || keep_stop "${names[@]}"
    for i in "${TEMPORARY[@]}"; do rm -rf "$i"; done
}
