#!/bin/bash
# with_postgres.sh SILSILA PROGRAM [argument]…: runs a test program beside a private, migrated PostgreSQL; PGHOST and the like are
# set for it. SILSILA is the built command whose `migrate` brings the schema.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/servers.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/silsila-test-XXXXXX")
trap 'servers_stop; rm -rf "$dir"' EXIT
silsila=$1
shift
postgres_start "$dir" "max_connections = 50"
"$silsila" migrate > "$dir/migrate.log" 2>&1 || { cat "$dir/migrate.log" >&2; exit 1; }
"$@"
