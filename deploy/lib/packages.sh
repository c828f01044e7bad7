# Debian packages: which are needed, and how they are put in place. To be sourced.
#
#     packages_install build run tests      the groups below; does nothing when all of them are there
#
# Packages of servers start their service when installed; a policy-rc.d that is put in place for that moment keeps them from
# it, so that installing for a demo changes no running service of the machine. Needs root, or sudo for the installing alone.

PACKAGES_BUILD="gcc libc6-dev meson ninja-build pkg-config python3 libconfuse-dev libmicrohttpd-dev libmodbus-dev
    libmosquitto-dev libpq-dev libprotobuf-c-dev libsqlite3-dev libssl-dev libsystemd-dev protobuf-c-compiler"
PACKAGES_RUN="mosquitto postgresql-15 postgresql-client-15 openssl util-linux procps"
PACKAGES_TESTS="check clang clang-format faketime libclang-rt-14-dev libumockdev-dev mosquitto-clients nftables
    postgresql-15-pgtap protobuf-compiler python3-protobuf socat sqlite3 umockdev valgrind"

packages_missing() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
    done
}

# Runs one command with everything it needs to install quietly and without starting services.
packages_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

packages_install() {
    local group wanted=() missing
    for group in "$@"; do
        case $group in
        build) wanted+=($PACKAGES_BUILD) ;;
        run) wanted+=($PACKAGES_RUN) ;;
        tests) wanted+=($PACKAGES_TESTS) ;;
        esac
    done
    missing=$(packages_missing "${wanted[@]}")
    [ -z "$missing" ] && return 0
    echo "installing:" $missing >&2
    packages_as_root env MISSING="$missing" sh -e -c '
        policy=/usr/sbin/policy-rc.d
        if [ ! -e "$policy" ]; then
            trap "rm -f $policy" EXIT
            printf "#!/bin/sh\nexit 101\n" > "$policy"
            chmod 755 "$policy"
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get -q update >/dev/null || true
        apt-get -q -y install --no-install-recommends $MISSING' >&2 || {
        echo "cannot install: $missing" >&2
        return 1
    }
}
