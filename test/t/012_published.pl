# What others see of rows that were written without a statement: a subscriber, the statistics, pgaudit where it is
# installed; and at SERIALIZABLE, whoever reads what they write.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', $FollowTest::quiet);
my $audited = -e $publisher->config_data('--sharedir') . '/extension/pgaudit.control';
$publisher->append_conf('postgresql.conf', "shared_preload_libraries = pgaudit\nlog_min_messages = log\npgaudit.log = write\npgaudit.log_catalog = off") if $audited;
$publisher->start;
load_app($publisher, 'postgres', 200);

sub query
{
    return $publisher->safe_psql('postgres', shift);
}

my $stores = query(q(SELECT string_agg(DISTINCT store, ' ') FROM follow_explain()));
my $setting = query(q(SELECT coalesce(current_setting('follow_ext.store', true), 'auto')));
is($stores, $setting eq 'auto' && !$audited ? 'direct' : 'spi', "the store of a superuser with follow_ext.store = $setting");

#
# A subscriber
#

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->append_conf('postgresql.conf', $FollowTest::quiet);
$subscriber->start;
$subscriber->safe_psql('postgres', $_) foreach (
    'CREATE TABLE user_follow (id uuid PRIMARY KEY, follower_id uuid, following_id uuid, created_at timestamptz)',
    'CREATE TABLE user_block (id uuid PRIMARY KEY, blocker_id uuid, blocked_id uuid, created_at timestamptz)');
query('CREATE PUBLICATION graph FOR TABLE user_follow, user_block');
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION graph CONNECTION '$connection' PUBLICATION graph");
$subscriber->wait_for_subscription_sync($publisher, 'graph');

my $counts = q(SELECT n_tup_ins, n_tup_del FROM pg_stat_user_tables WHERE relname = 'user_follow');
my $scans = q(SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE relname = 'user_follow');
my ($inserted, $deleted) = split /\|/, query($counts);
my $scanned = query($scans);

is(query(follow(1, 2)), 'following', 'a follow');
is(query(follow(1, 2)), 'already_following', 'again');
is(query(follow(3, 1)), 'following', 'one that is ended');
is(query(sprintf(q(SELECT status FROM unfollow_user('%s', '%s')), user(3), user(1))), 'unfollowed', 'ended');
is(query(follow(4, 5)), 'following', 'one that a block ends');
is(query(sprintf(q(SELECT status FROM block_user('%s', '%s')), user(5), user(4))), 'blocked', 'blocked');
is(query(sprintf(q(SELECT count(*) FROM follow_users('%s', ARRAY(SELECT id FROM auth.users)) WHERE status = 'following'), user(10))), 199, 'many');
is(query('BEGIN; ' . follow(7, 8) . '; ROLLBACK'), 'following', 'one that is rolled back');

my %tables = (
    user_follow => q(SELECT id, follower_id, following_id, created_at FROM user_follow ORDER BY id),
    user_block => q(SELECT id, blocker_id, blocked_id, created_at FROM user_block ORDER BY id));
$publisher->wait_for_catchup('graph');
foreach my $table (sort keys %tables)
{
    my $rows = query($tables{$table});
    cmp_ok(length $rows, '>', 0, "$table: rows");
    is($subscriber->safe_psql('postgres', $tables{$table}), $rows, "$table: the subscriber has the same");
}

#
# Statistics
#

# those of sessions that have ended
ok($publisher->poll_query_until('postgres', sprintf(q(SELECT (n_tup_ins, n_tup_del) = (%d, %d) FROM pg_stat_user_tables WHERE relname = 'user_follow'), $inserted + 203, $deleted + 2)),
    'inserts, one of them rolled back, and deletes are counted')
  or diag(query($counts));
cmp_ok(query($scans), '>', $scanned + 199, 'scans of indexes are counted');

SKIP:
{
    skip 'pgaudit is not installed', 2 unless $audited;
    my $offset = -s $publisher->logfile;
    query('CREATE EXTENSION pgaudit; CREATE ROLE auditor; GRANT INSERT, DELETE ON user_follow TO auditor; ' . q(ALTER SYSTEM SET pgaudit.role = 'auditor'));
    $publisher->reload;
    query(follow(20, 21));
    query(sprintf(q(SELECT unfollow_user('%s', '%s')), user(20), user(21)));
    my $log = slurp_file($publisher->logfile, $offset);
    like($log, qr/AUDIT: OBJECT,.*,INSERT,TABLE,public\.user_follow,/, 'pgaudit sees the insert');
    like($log, qr/AUDIT: OBJECT,.*,DELETE,TABLE,public\.user_follow,/, 'and the delete');
}

#
# Write skew: of two who look whether the other follows somebody, and else do so themselves, one has to try again.
#

my @sessions = map { open_session($publisher, 'postgres') } (1, 2);
my $person = 30;

sub looks
{
    my ($how, $follower, $following) = @_;
    return sprintf(q(SELECT is_following('%s', '%s')), user($follower), user($following)) if $how ne 'plain SQL';
    return sprintf(q(SELECT EXISTS (SELECT FROM user_follow WHERE follower_id = '%s' AND following_id = '%s')), user($follower), user($following));
}

sub follows
{
    my ($how, $follower, $following) = @_;
    return follow($follower, $following) if $how ne 'plain SQL';
    return sprintf(q(INSERT INTO user_follow (follower_id, following_id) VALUES ('%s', '%s')), user($follower), user($following));
}

foreach my $how ('plain SQL', 'follow_ext')
{
    foreach my $first (0, 1)
    {
        my ($a, $b, $c) = ($person++, $person++, $person++);
        my @in_order = $first ? reverse @sessions : @sessions;
        ask($_, 'BEGIN ISOLATION LEVEL SERIALIZABLE') foreach @in_order;
        is(ask($in_order[0], looks($how, $b, $c)), 'f', "$how, $first: one sees that the other does not follow");
        is(ask($in_order[1], looks($how, $a, $c)), 'f', "$how, $first: and the other");
        my @answers = map { ask($in_order[$_], follows($how, ($a, $b)[$_], $c)) } (0, 1);
        push @answers, map { ask($_, 'COMMIT') } @in_order;
        my $failed = grep { $_ eq '40001' } @answers;
        is($failed, 1, "$how, $first: one of the two fails") or diag("@answers");
        is(query(sprintf(q(SELECT count(*) FROM user_follow WHERE following_id = '%s'  AND follower_id IN ('%s', '%s')), user($c), user($a), user($b))), 1,
            "$how, $first: one follows");
        ask($_, 'ROLLBACK') foreach @in_order;
    }
}
$_->quit foreach @sessions;

check_indexes($publisher, 'postgres', 'the indexes agree with the tables');
$subscriber->stop;
$publisher->stop;
done_testing();
