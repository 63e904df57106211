# What bench/instructions and bench/growth share: tables with a graph in them, and counting instructions. To be sourced.
# shellcheck shell=bash source-path=SCRIPTDIR source=../scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"

schema=$project/bench/schema
tables='app app_without_keys lean created'
warm_up=20   # calls before the count: plans are made, caches are filled
counted=200  # calls that are counted

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# one_of WHAT VALUE ALLOWED...
one_of() {
    [[ " ${*:3} " == *" $2 "* ]] || die "no such $1: $2 (there are: ${*:3})"
}

#
# The tables
#

# create_tables DATABASE TABLE
create_tables() {
    sql -d postgres -c "CREATE DATABASE $1"
    case $2 in
        app) sql -d "$1" -f "$project/test/app/schema.sql" ;;
        app_without_keys) sql -d "$1" -f "$project/test/app/schema.sql" -f "$schema/without-foreign-keys.sql" ;;
        *) sql -d "$1" -f "$schema/$2.sql" ;;
    esac
}

# create_graph DATABASE TABLE D: 2^D users who follow D others each.
create_graph() {
    say "table $2: $((1 << $3)) users, who follow $3 others each"
    run_logged create_tables create_tables "$1" "$2" || die 'the tables could not be created'
    run_logged create_graph sql -d "$1" -v d="$3" -f "$schema/graph.sql" || die 'the graph could not be made'
    sql -d "$1" -v module="$work/callgrind/callgrind" -f "$schema/callgrind.sql"
}

# attach DATABASE
attach() {
    run_logged attach sql -d "$1" -c 'CREATE EXTENSION IF NOT EXISTS follow_ext' \
        -c "SELECT follow_attach_graph('user_follow', 'user_block')" || die 'follow_ext could not be attached'
}

# Nothing is left to do later, by whoever comes first: rows are frozen, hint bits are set, a new WAL segment has begun.
settle() {
    local database
    for database; do
        sql -d "$database" -c 'VACUUM (FREEZE, ANALYZE)'
    done
    sql -d postgres -o /dev/null -c 'SELECT pg_switch_wal()' -c 'CHECKPOINT'
}

#
# The count
#

# Bitcode is for compiling just in time, for which no call here is long enough.
export MAKEFLAGS=with_llvm=no

build_callgrind() {
    local pgxs
    pgxs=$("$PG_CONFIG" --pgxs)
    need valgrind valgrind
    cp -r "$project/bench/callgrind" "$work/callgrind"
    mkdir "$work/count"
    chown -R "$ordinary_user" "$work/callgrind" "$work/count" 2>/dev/null || true
    run_logged callgrind as_user make -s -C "$work/callgrind" -f "$pgxs" PGXS="$pgxs" PG_CONFIG="$PG_CONFIG" \
        MODULES=callgrind all || die 'the module that counts could not be built'
}

# counted_calls CALL STATEMENT TYPES <ARGUMENTS: a prepared statement run with each line of arguments, the last ones counted.
counted_calls() {
    echo "PREPARE $1 ($3) AS $2;"
    sed "s/.*/EXECUTE $1 (&);/" | sed "${warm_up}a SELECT bench.start_counting();"
    echo 'SELECT bench.stop_counting();'
}

# count_instructions DATA DATABASE SCRIPT [SETTING...]: runs a server of one session on the script, and prints the
# instructions for a call of each part that is counted, a line each. Profiles, answers and errors are left in $work/count.
#
# Pages are not written to the WAL as a whole: how often that happens is a matter of checkpoints, not of the call.
count_instructions() {
    local count=$work/count setting settings=(-c fsync=off -c full_page_writes=off)
    for setting in "${@:4}"; do settings+=(-c "$setting"); done
    rm -f "$count"/{answers,errors,profile*}
    (cd "$count" && as_user valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file=profile \
        "$bindir/postgres" --single -D "$1" "${settings[@]}" "$2" <"$3" >answers 2>errors) ||
        { tail -n 20 "$count/errors" >&2; die 'the server that is counted failed'; }
    if grep -E '(ERROR|FATAL|PANIC):' "$count/errors" >&2; then die 'a call that is counted failed'; fi
    sed -n 's/^totals: //p' "$count"/profile.* | awk -v calls="$counted" '{ printf "%.0f\n", $1 / calls }'
}
