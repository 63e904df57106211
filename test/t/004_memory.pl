# A session that follows a million times needs no more memory at the end than at the start, and a transaction that follows
# thousands of times needs no more locks than one that follows a few dozen times.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Shared buffers that hold all the rows: this is about memory, not about disks. max_locks_per_transaction is the default.
my $node = start_node('memory', "shared_buffers = 256MB\nsynchronous_commit = off\nmax_wal_size = 4GB\n");
load_app($node, 'postgres', 50_000);

$node->safe_psql('postgres', "$FollowTest::sql_user;" . q(
    -- follows number first to last: one in ten is new, the others repeat what was made before
    CREATE PROCEDURE follow_mixed(first bigint, last bigint) LANGUAGE plpgsql AS $$
    DECLARE
        n bigint;
        status text;
    BEGIN
        FOR n IN first .. last LOOP
            IF n % 10 = 0 THEN
                status := (follow_user(user_no(1 + n / 10 % 50000), user_no(1 + (n / 10 + 1 + n / 500000) % 50000))).status;
            ELSE
                status := (follow_user(user_no(1 + n % 10), user_no(20 + n % 7))).status;
            END IF;
            IF n % 500 = 0 THEN
                COMMIT;
            END IF;
        END LOOP;
        COMMIT;
    END
    $$;
    -- each of them is caught: an unknown user, a block, the same user twice, no rights
    CREATE PROCEDURE follow_in_vain(calls int) LANGUAGE plpgsql AS $$
    DECLARE
        pairs CONSTANT bigint[] := ARRAY[[1, 999999], [48000, 49000], [1, 1]];
        which int;
    BEGIN
        FOR n IN 1 .. calls LOOP
            which := 1 + n % 3;
            BEGIN
                PERFORM follow_user(user_no(pairs[which][1]), user_no(pairs[which][2]));
                RAISE EXCEPTION 'nothing was refused';
            EXCEPTION
                WHEN SQLSTATE 'PT404' OR SQLSTATE 'PT403' OR SQLSTATE '22023' THEN NULL;
            END;
            IF n % 100 = 0 THEN
                COMMIT;
            END IF;
        END LOOP;
    END
    $$;
    -- every change makes the session examine the graph and prepare its statements again
    CREATE PROCEDURE follow_and_alter(times int) LANGUAGE plpgsql AS $$
    BEGIN
        FOR n IN 1 .. times LOOP
            ALTER TABLE user_follow ALTER created_at SET DEFAULT now();
            PERFORM follow_user(user_no(1 + n % 10), user_no(20 + n % 7));
            COMMIT;
        END LOOP;
    END
    $$;
    -- the graph cannot be used half of the time
    CREATE PROCEDURE follow_and_detach(times int) LANGUAGE plpgsql AS $$
    BEGIN
        FOR n IN 1 .. times LOOP
            PERFORM follow_detach_graph();
            BEGIN
                PERFORM follow_user(user_no(1), user_no(2));
            EXCEPTION
                WHEN object_not_in_prerequisite_state THEN NULL;
            END;
            PERFORM follow_attach_graph('user_follow', 'user_block');
            PERFORM follow_user(user_no(1), user_no(2));
            COMMIT;
        END LOOP;
    END
    $$;
    CREATE PROCEDURE follow_signed_in(first bigint, last bigint) LANGUAGE plpgsql AS $$
    BEGIN
        FOR n IN first .. last LOOP
            SET LOCAL ROLE authenticated;
            PERFORM set_config('request.jwt.claims', json_build_object('sub', user_no(1 + n % 1000))::text, true);
            PERFORM follow_user(user_no(1 + n % 1000), user_no(2000 + n % 1700));
            COMMIT;
        END LOOP;
    END
    $$;
    -- what is compiled for inserts is compiled again, for another role or since a function has changed; two roles that row
    -- security does not apply to
    CREATE PROCEDURE follow_as_others(first bigint, last bigint, calls_in_transaction int) LANGUAGE plpgsql AS $$
    BEGIN
        FOR n IN first .. last LOOP
            EXECUTE CASE n % 2 WHEN 0 THEN 'SET LOCAL ROLE service_role' ELSE 'SET LOCAL ROLE NONE' END;
            PERFORM follow_user(user_no(1 + n % 10), user_no(20 + n % 7));
            PERFORM unfollow_user(user_no(1 + n % 10), user_no(20 + n % 7));
            IF n % 100 = 0 THEN
                SET LOCAL ROLE NONE;
                CREATE OR REPLACE FUNCTION replaced() RETURNS int LANGUAGE sql AS 'SELECT 1';
            END IF;
            IF n % calls_in_transaction = 0 THEN
                COMMIT;
            END IF;
        END LOOP;
    END
    $$;
    INSERT INTO user_block (blocker_id, blocked_id) VALUES (user_no(49000), user_no(48000));
));

my $session = open_session($node, 'postgres', timeout => 4 * $PostgreSQL::Test::Utils::timeout_default);

# Bytes in the session's memory contexts, and the private memory that the kernel counts: what was taken past the contexts
# shows there. What the measuring itself needs is there the first time already.
sub measure
{
    my ($contexts) = ask($session, 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
    my ($kb) = ask($session, q(SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s+(\d+) kB')));
    return ($contexts, $kb);
}

# A block of memory that is asked for for each call, however small, would come to at least 16 bytes a call, and a kilobyte
# for each examination of the graph. The bounds are far below, and far above the few blocks by which caches that are not
# ours (relations, plans) come and go.
my $contexts_bound = 64 * 1024;
my $private_bound = 1024;

sub needs_no_more
{
    my ($name, $warm_up, $run) = @_;
    is(ask($session, $warm_up), '', "$name: warm-up");
    measure();
    my ($contexts, $kb) = measure();
    is(ask($session, $run), '', "$name: done");
    my ($contexts_after, $kb_after) = measure();
    cmp_ok($contexts_after - $contexts, '<', $contexts_bound, "$name: memory contexts, $contexts bytes before");
  SKIP:
    {
        skip 'the kernel does not tell', 1 unless $kb;
        cmp_ok($kb_after - $kb, '<', $private_bound, "$name: private memory, $kb kB before");
    }
}

my $calls = 1_000_000;
needs_no_more("$calls follows",
    'CALL follow_mixed(1, 100000)', "CALL follow_mixed(100001, $calls)");
is( ask($session, q(
        SELECT count(*) = count(DISTINCT (follower_id, following_id)), count(*) > 100000 FROM user_follow)),
    't|t', 'a tenth of them was new');
needs_no_more('20,000 signed-in follows', 'CALL follow_signed_in(1, 2000)', 'CALL follow_signed_in(2001, 20000)');
needs_no_more('20,000 refusals', 'CALL follow_in_vain(2000)', 'CALL follow_in_vain(20000)');
needs_no_more('1,000 changes of the table', 'CALL follow_and_alter(100)', 'CALL follow_and_alter(1000)');
needs_no_more('20,000 follows by alternating roles', 'CALL follow_as_others(1, 2000, 10)', 'CALL follow_as_others(2001, 22000, 10)');
needs_no_more('20,000 follows by alternating roles, 1,000 in a transaction', 'CALL follow_as_others(1, 2000, 1000)',
    'CALL follow_as_others(2001, 22000, 1000)');
# attaching counts what is both blocked and following: with few rows it is quick
ask($session, 'TRUNCATE user_follow');
needs_no_more('1,000 times detached and attached', 'CALL follow_and_detach(100)', 'CALL follow_and_detach(1000)');

#
# Many pairs in one transaction
#

my $own_locks = q(
    SELECT count(*) FILTER (WHERE locktype = 'advisory' AND objsubid = 18007 AND mode = 'ExclusiveLock') AS pairs,
        count(*) FILTER (WHERE locktype = 'advisory' AND objsubid = 18008 AND mode = 'ShareLock') AS graph,
        count(*) FILTER (WHERE locktype = 'advisory') AS advisory,
        count(*) < 100 AS few
    FROM pg_locks WHERE pid = pg_backend_pid() AND granted
);
my $many = 20_000;

foreach my $level ('READ COMMITTED', 'REPEATABLE READ')
{
    ask($session, "TRUNCATE user_follow; BEGIN ISOLATION LEVEL $level");
    ask($session, 'SELECT count(status) FROM (SELECT (follow_user(user_no(n), user_no(n + 1))).status FROM generate_series(1, 32) n) s');
    is(ask($session, $own_locks), '32|0|32|t', "$level: 32 pairs, a lock for each");
    ask($session, 'SELECT (follow_user(user_no(34), user_no(33))).status');
    is(ask($session, $own_locks), '32|1|33|t', "$level: past them, the graph's lock and no other");
    measure();
    my ($contexts) = measure();
    is( ask($session, qq(
            SELECT status, count(*) FROM (
                SELECT (follow_user(user_no(n), user_no(n + 1))).status FROM generate_series(1, $many) n OFFSET 0) s
            GROUP BY status ORDER BY status)),
        'following|' . ($many - 32) . "\nalready_following|32",
        "$level: $many follows in one statement");
    is(ask($session, $own_locks), '32|1|33|t', "$level: no further locks");
    my ($contexts_after) = measure();
    # at REPEATABLE READ each new follow is a subtransaction, whose number the transaction keeps
    cmp_ok($contexts_after - $contexts, '<', 1024 * 1024, "$level: memory contexts, $contexts bytes before");
    is( ask($session, qq(SELECT count(*) FROM generate_series(1, $many) n
            WHERE (follow_user(user_no(n), user_no(n + 2))).status = 'following')),
        $many, "$level: $many more in the same transaction");
    is(ask($session, $own_locks), '32|1|33|t', "$level: and no further locks");
    # another session's follow is not kept waiting by all this
    is( $node->safe_psql('postgres', q(SET lock_timeout = '5s'; SELECT status FROM follow_user(user_no(40001), user_no(40005)))),
        'following', "$level: others follow meanwhile");
    is(ask($session, 'COMMIT; SELECT count(*) FROM user_follow'), 2 * $many + 2, "$level: all of them are there");
    is(ask($session, $own_locks), '0|0|0|t', "$level: no lock stays");
}

# ROLLBACK TO SAVEPOINT takes locks away. Whatever is counted, the next follow has to be under a lock again.
foreach my $pairs (1, 32, 33, 100)
{
    ask($session, 'TRUNCATE user_follow; BEGIN; SAVEPOINT s');
    my $all = "SELECT count(status) FROM (SELECT (follow_user(user_no(n), user_no(n + 1))).status FROM generate_series(1, $pairs) n) q";
    is(ask($session, $all), $pairs, "$pairs follows in a savepoint");
    ask($session, 'ROLLBACK TO s');
    is(ask($session, $own_locks), '0|0|0|t', "$pairs follows taken back, and their locks");
    is(ask($session, 'SELECT status FROM follow_user(user_no(1), user_no(2))'), 'following', 'one of them again');
    like(ask($session, $own_locks), qr/^(1\|0|0\|1)\|1\|t$/, 'is under a lock again');
    is(ask($session, $all), $pairs, 'and so are all of them');
    like(ask($session, $own_locks), qr/^\d+\|[01]\|([1-9]|[12][0-9]|3[0-3])\|t$/, 'at most 32 pair locks');
    ask($session, 'ROLLBACK');
}

$session->quit;
$node->stop;
done_testing();
