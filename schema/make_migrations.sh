#!/bin/sh
# Writes migrations.c from the files given, in order. Usage: make_migrations.sh OUT FILE…
set -eu
out=$1
shift
{
    echo '#include "schema/migrations.h"'
    for file in "$@"; do
        name=$(basename "$file")
        number=${name%%_*}
        echo "static const unsigned char sql_$number[] = {"
        od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g'
        echo '0};'
    done
    echo 'static const struct migration migrations[] = {'
    for file in "$@"; do
        name=$(basename "$file")
        number=${name%%_*}
        echo "    {1$number - 10000, \"$name\", sql_$number, sizeof sql_$number - 1},"
    done
    echo '};'
    echo 'const struct migration *schema_migrations(size_t *count)'
    echo '{'
    echo '    *count = sizeof migrations / sizeof migrations[0];'
    echo '    return migrations;'
    echo '}'
    echo 'int schema_version(void)'
    echo '{'
    echo '    return migrations[sizeof migrations / sizeof migrations[0] - 1].number;'
    echo '}'
} > "$out"
