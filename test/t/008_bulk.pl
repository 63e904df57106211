# 200,000 pairs in one call and in one COPY, with the lock table as it comes: nobody else waits for it, few locks are taken,
# every target is answered rightly, and what is cancelled leaves nothing behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $many = 200_000;
my $timeout = 2 * $PostgreSQL::Test::Utils::timeout_default;

# max_locks_per_transaction is the default. This is about locks, not about disks.
my $node = start_node('bulk', "shared_buffers = 64MB\nsynchronous_commit = off\nfsync = off\nmax_wal_size = 4GB\n");
is($node->safe_psql('postgres', 'SHOW max_locks_per_transaction'), 64, 'the lock table has its default size');

# Users with numbers up to $many + 100 exist. 1 follows them all.
load_app($node, 'postgres', 0);
$node->safe_psql('postgres', "$FollowTest::sql_user;" . qq(
    GRANT EXECUTE ON FUNCTION user_no(bigint) TO authenticated;
    INSERT INTO auth.users (id) SELECT user_no(n) FROM generate_series(1, $many + 100) n;
    CREATE FUNCTION users_no(first bigint, last bigint) RETURNS uuid[] LANGUAGE sql STABLE
    AS 'SELECT array_agg(user_no(n) ORDER BY n) FROM generate_series(first, last) n';
    VACUUM ANALYZE auth.users;
));

# The lean tables that the extension makes, without foreign keys, for COPY.
$node->safe_psql('postgres', 'CREATE DATABASE lean');
$node->safe_psql('lean', "$FollowTest::sql_user;" . q(
    CREATE EXTENSION follow_ext;
    SELECT follow_create_graph('public');
));
my $copied = $node->basedir . '/follows';
$node->safe_psql('lean', qq(
    COPY (SELECT user_no(1), user_no(n) FROM generate_series(2, $many + 1) n) TO '$copied';
));

# Begins something that takes a while and does not wait for it. answer_of waits.
sub begin_in
{
    my ($session, $sql) = @_;
    $session->{stdin} .= "$sql;\n";
    $session->{run}->pump_nb;
}

sub answer_of
{
    my ($session) = @_;
    return ask($session, 'SELECT');
}

sub pid_of
{
    my ($session) = @_;
    return ask($session, 'SELECT pg_backend_pid()');
}

my $bulk_lock = q(locktype = 'advisory' AND objsubid = 18008 AND mode = 'ShareLock' AND granted);

sub wait_until_bulk
{
    my ($database, @pids) = @_;
    my ($list, $count) = (join(', ', @pids), scalar(@pids));
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok( $node->poll_query_until($database,
            "SELECT count(*) = $count FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.pid IN ($list) AND $bulk_lock AND a.state = 'active'"),
        "$count in bulk under way");
}

# The locks of a session, as somebody else sees them: of pairs, of the graph, all.
sub locks_of
{
    my ($database, $pid) = @_;
    return split /\|/, $node->safe_psql($database, qq(
        SELECT count(*) FILTER (WHERE locktype = 'advisory' AND objsubid = 18007), count(*) FILTER (WHERE $bulk_lock), count(*)
        FROM pg_locks WHERE pid = $pid));
}

sub few_locks
{
    my ($database, $pid, $name) = @_;
    my ($pairs, $graph, $all) = locks_of($database, $pid);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($pairs <= 32 && $graph == 1 && $all < 100, "$name: $pairs locks of pairs, $graph of the graph, $all in all");
}

# Memory that the kernel counts for a session: what it has taken at the most, in kB; empty where it does not tell.
sub peak_memory
{
    my ($session) = @_;
    return ask($session, q(SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+) kB')));
}

sub contexts
{
    my ($session) = @_;
    return ask($session, 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
}

sub memory_was_bounded
{
    my ($session, $name, $bytes_before, $peak_before) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $kept = contexts($session) - $bytes_before;
    cmp_ok($kept, '<', 1024 * 1024, "$name: bytes in memory contexts, more than before");
  SKIP:
    {
        skip 'the kernel does not tell', 1 unless $peak_before;
        my $peak = peak_memory($session) - $peak_before;
        cmp_ok($peak, '<', 160 * 1024, "$name: kB at the most, more than before");
        note("$name: $kept bytes are kept, $peak kB more were taken");
    }
}

my $bulk = open_session($node, 'postgres', timeout => $timeout);
my $other = open_session($node, 'postgres');
my $another = open_session($node, 'postgres', timeout => $timeout);
my ($bulk_pid, $another_pid) = (pid_of($bulk), pid_of($another));
# nobody waits: not for a moment that could be measured
ask($other, q(SET lock_timeout = '100ms'));

#
# follow_users
#

# 2 and 3 are followed already, 4 has blocked, 5 is blocked.
$node->safe_psql('postgres', q(
    INSERT INTO user_follow (follower_id, following_id) VALUES (user_no(1), user_no(2)), (user_no(1), user_no(3));
    INSERT INTO user_block (blocker_id, blocked_id) VALUES (user_no(4), user_no(1)), (user_no(1), user_no(5));
));

# cancelled first: nothing of it may stay
begin_in($bulk, "SELECT count(*) FROM follow_users(user_no(1), users_no(1, $many))");
wait_until_bulk('postgres', $bulk_pid);
is(ask($other, "SELECT pg_cancel_backend($bulk_pid)"), 't', 'follow_users is cancelled');
like((report($bulk, 'SELECT'))[1], qr/ERROR: +57014:/, 'it says so');
is(join('|', locks_of('postgres', $bulk_pid)), '0|0|0', 'no lock of it stays');
is(ask($other, 'SELECT count(*) FROM user_follow'), 2, 'and no row');
is(ask($bulk, "SET statement_timeout = '300ms'; SELECT count(*) FROM follow_users(user_no(1), users_no(1, $many))"), '57014', 'with a time limit');
is(ask($bulk, 'RESET statement_timeout; SELECT count(*) FROM user_follow'), 2, 'nothing stays either');

# in a savepoint, the transaction goes on, and what it follows is under a lock
ask($bulk, "BEGIN; SAVEPOINT s; SET LOCAL statement_timeout = '300ms'");
is(ask($bulk, "SELECT count(*) FROM follow_users(user_no(1), users_no(1, $many))"), '57014', 'in a savepoint');
ask($bulk, 'ROLLBACK TO s');
is(join('|', (locks_of('postgres', $bulk_pid))[0, 1]), '0|0', 'its locks are given back');
is(ask($bulk, 'SELECT status FROM follow_user(user_no(1), user_no(6))'), 'following', 'the transaction follows');
is((locks_of('postgres', $bulk_pid))[0] + (locks_of('postgres', $bulk_pid))[1], 1, 'under a lock');
ask($bulk, 'ROLLBACK');

# Every status, repeated targets, and those that do not exist: 1 itself; 2, 3 already; 4, 5 blocked; the last 10 not found.
my $targets = "users_no(1, 20) || users_no(1, $many) || users_no(900001, 900010)";
ask($bulk, "CREATE UNLOGGED TABLE answer (position bigint, following_id uuid, status text); SELECT count(*) FROM follow_users(user_no(90), users_no(80, 100))");
my ($bytes, $peak) = (contexts($bulk), peak_memory($bulk));
ask($bulk, 'BEGIN');
begin_in($bulk, "INSERT INTO answer SELECT f.ordinality, f.following_id, f.status FROM follow_users(user_no(1), $targets) WITH ORDINALITY f");
wait_until_bulk('postgres', $bulk_pid);
is(ask($other, sprintf($_->[1], user(100), user(101))), $_->[2], "meanwhile $_->[0]")
  foreach (
    [ 'another pair is new', q(SELECT status FROM follow_user('%s', '%s')), 'following' ],
    [ 'and known', q(SELECT status FROM follow_user('%s', '%s')), 'already_following' ],
    [ 'it ends', q(SELECT status FROM unfollow_user('%s', '%s')), 'unfollowed' ],
    [ 'a plain INSERT', q(INSERT INTO user_follow (follower_id, following_id) VALUES ('%s', '%s') RETURNING 'written'), 'written' ],
    [ 'a list is read', q(SELECT user_id = '%2$s' FROM following_of('%1$s')), 't' ],
    [ 'a block cannot be decided', q(SELECT status FROM block_user('%s', '%s')), '55P03' ],
    [ 'an unblock can', q(SELECT status FROM unblock_user('%s', '%s')), 'not_blocked' ],
    [ 'a few in one call', q(SELECT string_agg(status::text, ' ') FROM follow_users('%s', ARRAY['%s', user_no(102)])), 'already_following following' ]);
few_locks('postgres', $bulk_pid, 'while follow_users runs');
is($node->safe_psql('postgres', "SELECT state FROM pg_stat_activity WHERE pid = $bulk_pid"), 'active', 'it is running still');
is(answer_of($bulk), '', 'follow_users answers');
few_locks('postgres', $bulk_pid, 'at its end');
memory_was_bounded($bulk, 'follow_users', $bytes, $peak);
is( ask($bulk, 'SELECT status, count(*), count(DISTINCT following_id) FROM answer GROUP BY status ORDER BY status'),
    join("\n", 'already_following|2|2', 'blocked|2|2', sprintf('following|%1$d|%1$d', $many - 5), 'not_found|10|10', 'self|1|1'),
    'every target has one answer');
is( ask($bulk, q(SELECT string_agg(status, ' ' ORDER BY position) FROM (SELECT * FROM answer WHERE position <= 6) a)),
    'self already_following already_following blocked blocked following', 'the right one');
is( ask($bulk, sprintf(
        q(SELECT count(*) FROM answer WHERE following_id <> user_no(CASE WHEN position > %1$d THEN 900000 + position - %1$d ELSE position END)), $many)),
    0, 'in the order of first appearance');
is( ask($bulk, q(SELECT count(*), count(*) FILTER (WHERE a.status IN ('following', 'already_following')) FROM user_follow f
        LEFT JOIN answer a USING (following_id) WHERE f.follower_id = user_no(1))),
    sprintf('%1$d|%1$d', $many - 3), 'and as many rows');
is(ask($other, 'SELECT status FROM follow_user(user_no(101), user_no(100))'), 'following', 'others follow while the transaction is open');
is(ask($other, 'SELECT status FROM follow_user(user_no(1), user_no(2))'), 'already_following', 'a repeated follow waits for nothing');
is(ask($other, 'SELECT status FROM block_user(user_no(7), user_no(1))'), '55P03', 'a block waits');
ask($bulk, 'COMMIT');
is(ask($other, 'SELECT status FROM block_user(user_no(7), user_no(1))'), 'blocked', 'and is decided once it is committed');
is(ask($other, 'SELECT is_following(user_no(1), user_no(7))'), 'f', 'and removes the follow');

# Two at once, of two followers, and two of the same: neither waits for the other's locks.
my $half = 20_000;
foreach my $second_follower (21, 20)
{
    my $who = $second_follower == 20 ? 'the same follower' : 'two followers';
    ask($bulk, 'BEGIN');
    is(ask($bulk, "SELECT count(*) FROM follow_users(user_no(20), users_no(1000, 1100)) WHERE status = 'following'"), 101, "$who: the first")
      if $second_follower != 20;
    begin_in($bulk, "SELECT count(*) FROM follow_users(user_no(20), users_no(1101, $half))");
    begin_in($another, "SELECT count(*) FROM follow_users(user_no($second_follower), users_no(1101, $half))");
    wait_until_bulk('postgres', $bulk_pid, $another_pid) if $second_follower != 20;
    is(answer_of($bulk), $half - 1100, "$who: the first is done");
    ask($bulk, 'COMMIT');
    is(answer_of($another), $half - 1100, "$who: so is the second");
    is( ask($other, "SELECT count(*), count(DISTINCT following_id) FROM user_follow WHERE follower_id = user_no($second_follower) AND following_id >= user_no(1101)"),
        sprintf('%1$d|%1$d', $half - 1100), "$who: all are there once");
}

foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
    ask($bulk, "BEGIN ISOLATION LEVEL $level; SELECT 1");
    is( ask($bulk, "SELECT status, count(*) FROM follow_users(user_no(30), users_no(30, 10000)) GROUP BY 1 ORDER BY 1"),
        'self|1' =~ s/^/following|9970\n/r, "$level: 10,000 targets");
    few_locks('postgres', $bulk_pid, $level);
    ask($bulk, 'ROLLBACK');
}

#
# Under row security
#

ask($other, sign_in('authenticated', 50));
my $mine = 'user_no(50), users_no(50, 20050)';
$node->safe_psql('postgres', q(
    INSERT INTO user_follow (follower_id, following_id) VALUES (user_no(50), user_no(51)), (user_no(60), user_no(61));
    INSERT INTO user_block (blocker_id, blocked_id) VALUES (user_no(52), user_no(50)), (user_no(62), user_no(60));
));
is( ask($other, "SELECT status, count(*) FROM follow_users($mine) GROUP BY 1 ORDER BY 1"),
    "following|19998\nalready_following|1\nblocked|1\nself|1", 'under row security: 20,000 targets of the caller');
is(ask($other, 'SELECT count(*) FROM user_follow WHERE follower_id = user_no(50)'), 19999, 'under row security: and their rows');
is( ask($other, "SELECT status, count(*) FROM follow_users($mine) GROUP BY 1 ORDER BY 1"),
    "already_following|19999\nblocked|1\nself|1", 'under row security: once more');
# Whatever the targets are, it is the policy that speaks.
foreach my $case (
    [ 'new ones', 'users_no(70, 20070)' ], [ 'one', 'users_no(70, 70)' ], [ 'one that is followed', 'users_no(61, 61)' ],
    [ 'one who has blocked', 'users_no(62, 62)' ], [ 'one who does not exist', 'users_no(900001, 900001)' ],
    [ 'many who do not exist', 'users_no(900001, 920000)' ],
    [ 'all of these', 'users_no(60, 20060) || users_no(900001, 900100)' ])
{
    is(ask($other, "SELECT count(*) FROM follow_users(user_no(60), $$case[1])"), '42501', "for somebody else: $$case[0]");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM user_follow WHERE follower_id = user_no(60)'), 1, 'for somebody else: nothing was written');
ask($other, 'RESET ROLE; RESET request.jwt.claims');
check_indexes($node, 'postgres', 'the indexes agree with the tables');

#
# COPY into the follow table
#

$_->quit foreach ($bulk, $other, $another);
$bulk = open_session($node, 'lean', timeout => $timeout);
$other = open_session($node, 'lean');
$another = open_session($node, 'lean', timeout => $timeout);
($bulk_pid, $another_pid) = (pid_of($bulk), pid_of($another));
ask($other, q(SET lock_timeout = '100ms'));
my $copy = "COPY user_follow (follower_id, following_id) FROM '$copied'";

begin_in($bulk, $copy);
wait_until_bulk('lean', $bulk_pid);
is(ask($other, "SELECT pg_cancel_backend($bulk_pid)"), 't', 'COPY is cancelled');
is(answer_of($bulk), '57014', 'it says so');
is(ask($other, 'SELECT count(*) FROM user_follow'), 0, 'and nothing stays');

ask($bulk, 'INSERT INTO user_follow (follower_id, following_id) VALUES (user_no(3), user_no(2)); DELETE FROM user_follow');
($bytes, $peak) = (contexts($bulk), peak_memory($bulk));
ask($bulk, 'BEGIN');
begin_in($bulk, $copy);
wait_until_bulk('lean', $bulk_pid);
is(ask($other, 'SELECT status FROM follow_user(user_no(100), user_no(101))'), 'following', 'others follow meanwhile');
is(ask($other, q(INSERT INTO user_follow (follower_id, following_id) VALUES (user_no(102), user_no(101)) RETURNING 'written')), 'written', 'and insert');
is(ask($other, 'SELECT status FROM block_user(user_no(7), user_no(1))'), '55P03', 'a block cannot be decided');
few_locks('lean', $bulk_pid, 'while COPY runs');
# another in bulk beside it
is( ask($another, "SELECT count(*) FROM follow_users(user_no(2), (SELECT array_agg(user_no(n)) FROM generate_series(10, 1009) n))"),
    1000, 'follow_users in bulk beside it');
is($node->safe_psql('lean', "SELECT state FROM pg_stat_activity WHERE pid = $bulk_pid"), 'active', 'it is running still');
is(answer_of($bulk), '', 'COPY is done');
few_locks('lean', $bulk_pid, 'at the end of COPY');
ask($bulk, 'COMMIT');
memory_was_bounded($bulk, 'COPY', $bytes, $peak);
is(ask($other, 'SELECT count(*), count(DISTINCT following_id) FROM user_follow WHERE follower_id = user_no(1)'), "$many|$many", 'all rows are there');

# A blocked pair anywhere in the file refuses all of it.
is(ask($other, 'SELECT status FROM block_user(user_no(9), user_no(1))'), 'blocked', 'a block');
is(ask($other, "DELETE FROM user_follow WHERE follower_id = user_no(1); SELECT count(*) FROM user_follow WHERE follower_id = user_no(1)"), 0, 'afresh');
is(ask($bulk, $copy), 'PT403', 'COPY of a blocked pair');
is(ask($other, 'SELECT count(*) FROM user_follow WHERE follower_id = user_no(1)'), 0, 'writes nothing');

#
# COPY into the block table
#

sub blocks_file
{
    my ($count) = @_;
    my $file = $node->basedir . "/blocks_$count";
    $node->safe_psql('lean', "COPY (SELECT user_no(3), user_no(n) FROM generate_series(11, 10 + $count) n) TO '$file'");
    return "COPY user_block (blocker_id, blocked_id) FROM '$file'";
}

ask($bulk, 'DELETE FROM user_block; INSERT INTO user_follow (follower_id, following_id) SELECT user_no(n), user_no(3) FROM generate_series(11, 5010) n');
ask($bulk, 'BEGIN; SELECT follow_user(user_no(500), user_no(501))');
is(ask($other, 'BEGIN; ' . blocks_file(32)), '', '32 blocks while a follow is in flight');
is(ask($other, 'SELECT count(*) FROM user_follow WHERE following_id = user_no(3)'), 5000 - 32, 'remove their follows');
ask($other, 'ROLLBACK');
my ($state, $said) = report($other, blocks_file(33));
is($state, '55P03', '33 cannot be');
my ($hint) = $said =~ /HINT: .*?(LOCK TABLE .*?;)/;
is($hint, 'LOCK TABLE public.user_follow IN SHARE ROW EXCLUSIVE MODE;', 'the hint says what to run first');
is(ask($other, 'SELECT count(*) FROM user_block'), 0, 'and nothing was written');
is(ask($other, "BEGIN; $hint"), '55P03', 'LOCK TABLE waits for the follow in flight');
ask($other, 'ROLLBACK');
ask($bulk, 'COMMIT');
is(ask($other, "BEGIN; $hint"), '', 'and is granted once that is committed');
is(ask($other, blocks_file(5000)), '', '5,000 blocks after LOCK TABLE');
is(ask($other, 'SELECT count(*) FROM user_follow WHERE following_id = user_no(3)'), 0, 'remove their follows');
few_after_lock($other);
ask($other, 'COMMIT');

sub few_after_lock
{
    my ($session) = @_;
    is(ask($session, q(SELECT count(*) <= 33, count(*) FILTER (WHERE objsubid NOT IN (18007, 18008)) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())),
        't|0', 'with few locks');
}

# Where nobody writes follows, it takes no LOCK TABLE.
ask($other, 'DELETE FROM user_block');
is(ask($other, blocks_file(5000)), '', 'without other writers they need no LOCK TABLE');
is(ask($other, 'SELECT count(*) FROM user_block'), 5000, 'all are there');
check_indexes($node, 'lean', 'the indexes agree with the tables');
ok($node->poll_query_until('lean', q(SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND objsubid > 2)), 'no lock stays');

$_->quit foreach ($bulk, $other, $another);
$node->stop;
done_testing();
