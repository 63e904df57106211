# What bench/instructions and bench/growth share: tables with a graph in them, and counting instructions. To be sourced.
# shellcheck shell=bash disable=SC2016 # $1 and $2 in statements are the server's
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"

schema=$project/bench/schema
# shellcheck disable=SC2034 # the scripts use it
tables='app app_without_keys lean created'
warm_up=20   # calls before the count: plans are made, caches are filled
counted=200  # calls that are counted

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
    sql -d "$1" -c "CREATE EXTENSION pg_prewarm SCHEMA bench" -v module="$work/callgrind/callgrind" -f "$schema/callgrind.sql"
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
# The calls
#

# statement CALL COMPETITOR
statement() {
    case $2/$1 in
        bare/*_follow) echo 'INSERT INTO user_follow (follower_id, following_id) VALUES ($1, $2) ON CONFLICT DO NOTHING' ;;
        bare/is_following)
            echo 'SELECT EXISTS (SELECT FROM user_follow WHERE follower_id = $1 AND following_id = $2) AS is_following'
            ;;
        bare/unfollow) echo 'DELETE FROM user_follow WHERE follower_id = $1 AND following_id = $2' ;;
        bare/block) echo 'SELECT bench.plain_block($1, $2) AS status' ;;
        */is_following) echo 'SELECT is_following($1, $2)' ;;
        */followers_of) echo 'SELECT count(*) FROM followers_of($1)' ;;
        */relationships) echo 'SELECT count(*) FROM relationships($1, $2)' ;;
        plpgsql/*) echo "SELECT $(function_of "$1")(\$1, \$2) AS status" ;;
        *) echo "SELECT ($(function_of "$1")(\$1, \$2)).status" ;;
    esac
}

function_of() {
    case $1 in
        *_follow) echo follow_user ;;
        *) echo "$1_user" ;;
    esac
}

# right_answer CALL COMPETITOR: what every call must answer; plain statements, and pages, answer this or that.
right_answer() {
    case $2/$1 in
        */is_following) echo 'is_following = "t"' ;;
        */followers_of) echo ;;
        */relationships) echo 'count = "100"' ;;
        */block) echo 'status = "blocked"' ;;
        bare/*) echo ;;
        */new_follow) echo 'status = "following"' ;;
        */repeated_follow) echo 'status = "already_following"' ;;
        */unfollow) echo 'status = "unfollowed"' ;;
    esac
}

# A call that does nothing with the same arguments: what reading and running any statement costs.
empty_statement() {
    case $1 in
        followers_of) echo 'SELECT bench.empty_function($1, $1)' ;;
        relationships) echo 'SELECT bench.empty_function($1, $2[1])' ;;
        *) echo 'SELECT bench.empty_function($1, $2)' ;;
    esac
}

types() {
    case $1 in
        followers_of) echo 'uuid' ;;
        relationships) echo 'uuid, uuid[]' ;;
        *) echo 'uuid, uuid' ;;
    esac
}

# draw_arguments DATABASE D
draw_arguments() {
    sql -d "$1" -F '|' -v d="$2" -v count=$((warm_up + counted)) -f "$schema/arguments.sql" >"$work/arguments"
}

# check_answers CALL COMPETITOR
check_answers() {
    local answer right
    answer=$(right_answer "$1" "$2")
    right=$(grep -cF "$answer" "$work/count/answers") || true
    [ -z "$answer" ] || [ "$right" -eq $((warm_up + counted)) ] ||
        die "$2, $1: $right of $((warm_up + counted)) calls answered $answer"
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

# To be run first: a call is to find its pages in memory, whatever it is that reads them.
fill_buffers() {
    echo "SELECT sum(bench.pg_prewarm(oid::regclass)) FROM pg_class WHERE relkind IN ('r', 'i');"
}

# counted_call CALL COMPETITOR: two parts that are counted, the empty call and the call.
counted_call() {
    counted_part "$1" "empty_$1" "$(empty_statement "$1")"
    counted_part "$1" "$1" "$(statement "$1" "$2")"
}

# counted_part CALL NAME STATEMENT: the statement, prepared, with the arguments of each call, the last ones counted.
# Statistics that are due are written before: it is time that decides when a session writes them.
counted_part() {
    echo "PREPARE $2 ($(types "$1")) AS $3;"
    sed -n "s/^$1|\(.*\)/EXECUTE $2 (\1);/p" "$work/arguments" |
        sed "${warm_up}a SELECT pg_stat_force_next_flush();\nSELECT bench.start_counting();"
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
    find "$count" -name 'profile.*' | sort -V | xargs sed -n 's/^totals: //p' | awk -v calls="$counted" '{ printf "%.0f\n", $1 / calls }'
}
