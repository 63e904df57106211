# What is written without statements is in the WAL as any other row: a standby has it, and so has a subscriber.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $users = 12;
my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', $FollowTest::quiet);
$publisher->start;
load_app($publisher, 'postgres', 2 * $users);
# Without guards plain inserts take no lock of the pair, so that rows are given up for others while they are written.
$publisher->safe_psql('postgres', "$FollowTest::sql_user;" . q(
    SELECT follow_detach_graph();
    SELECT follow_attach_graph('user_follow', 'user_block', guards => false);
    SELECT follow_user(user_no(n), user_no(n + 1)) FROM generate_series(1, 5) n;
    CREATE PUBLICATION follows FOR TABLE user_follow, user_block;
));
is(store_used($publisher), default_store($publisher), 'the store is the one that is meant');

$publisher->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($publisher, 'base', has_streaming => 1);
$standby->start;

my $subscriber = start_node('subscriber');
$subscriber->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'postgres', '-f', app_schema() ], 'a subscriber with the schema');
$subscriber->safe_psql('postgres',
    sprintf(q(CREATE SUBSCRIPTION follows CONNECTION '%s dbname=postgres' PUBLICATION follows), $publisher->connstr));
$subscriber->wait_for_subscription_sync($publisher, 'follows');

my $rows = q(
    SELECT (SELECT string_agg(f::text, ' ' ORDER BY f.follower_id, f.following_id) FROM user_follow f),
        (SELECT string_agg(b::text, ' ' ORDER BY b.blocker_id, b.blocked_id) FROM user_block b)
);

sub all_have_the_same
{
    my ($name) = @_;
    my $there = $publisher->safe_psql('postgres', $rows);
    $publisher->wait_for_catchup($standby, 'replay', $publisher->lsn('insert'));
    $publisher->wait_for_catchup('follows');
    is($standby->safe_psql('postgres', $rows), $there, "$name: the standby has the same rows");
    is($subscriber->safe_psql('postgres', $rows), $there, "$name: the subscriber has the same rows");
}

#
# Many clients, few pairs
#

my $pair = "\\set a random(1, $users)\n\\set b 1 + (:a + random(0, $users - 2)) % $users\n";
my $other_pair = "\\set a random($users + 1, 2 * $users)\n\\set b $users + 1 + (:a - $users + random(0, $users - 2)) % $users\n";
my %scripts = (
    follow => "$pair SELECT follow_user(user_no(:a), user_no(:b));",
    follow_many => "$pair SELECT count(*) FROM follow_users(user_no(:a), ARRAY[user_no(:b), user_no(1), user_no(2), user_no(3)]);",
    insert => "$pair INSERT INTO user_follow (follower_id, following_id) VALUES (user_no(:a), user_no(:b)) ON CONFLICT DO NOTHING;",
    unfollow => "$pair SELECT unfollow_user(user_no(:a), user_no(:b));",
    undecided => "$pair BEGIN; SELECT follow_user(user_no(:a), user_no(:b)); ROLLBACK;",
    follow_or_not => "$other_pair SELECT count(*) FROM follow_users(user_no(:a), ARRAY[user_no(:b)]);",
    block => "$other_pair SELECT block_user(user_no(:a), user_no(:b));",
    unblock => "$other_pair SELECT unblock_user(user_no(:a), user_no(:b));");
my @files;
foreach my $name (sort keys %scripts)
{
    my $file = $publisher->basedir . "/$name.sql";
    append_to_file($file, $scripts{$name} =~ s/; (?=\S)/;\n/gr . "\n");
    push @files, '-f', $file;
}
$publisher->command_checks_all([ 'pgbench', '-n', '-c', 8, '-t', 400, @files, 'postgres' ], 0,
    [qr{processed: 3200/3200}], [qr/^$/], 'many clients write the same pairs');
cmp_ok($publisher->safe_psql('postgres', 'SELECT least((SELECT count(*) FROM user_follow), (SELECT count(*) FROM user_block))'), '>', 0,
    'there are follows and blocks');
all_have_the_same('many clients');

$publisher->safe_psql('postgres', q(
    TRUNCATE user_follow, user_block;
    SELECT follow_users(user_no(1), ARRAY(SELECT user_no(n) FROM generate_series(2, 9) n));
    SELECT follow_user(user_no(2), user_no(1));
    SELECT block_user(user_no(1), user_no(2));
));
is($publisher->safe_psql('postgres', 'SELECT (SELECT count(*) FROM user_follow), (SELECT count(*) FROM user_block)'), '7|1', 'follows of many, and a block');
all_have_the_same('follows of many, and a block');

#
# What may not be published may not be written
#

# Each in a session of its own, which has written before, and with either store.
my %removals = (
    'a DELETE' => 'DELETE FROM user_follow WHERE follower_id = user_no(1) AND following_id = user_no(3)',
    'unfollow_user' => 'SELECT unfollow_user(user_no(1), user_no(3))',
    'remove_follower' => 'SELECT remove_follower(user_no(3), user_no(1))',
    'block_user' => 'SELECT block_user(user_no(1), user_no(3))');

sub deletes_are_refused
{
    my ($state, $name, $change, $undo) = @_;
    foreach my $store ('auto', 'spi')
    {
        my $session = open_session($publisher, 'postgres');
        ask($session, "SET follow_ext.store = $store; SELECT unfollow_user(user_no(1), user_no(9)), follow_user(user_no(1), user_no(9))");
        $publisher->safe_psql('postgres', $change);
        is(ask($session, $removals{$_}), $state, "$name: $_ ($store)") foreach sort keys %removals;
        is(ask($session, 'SELECT status FROM follow_user(user_no(1), user_no(10))'), 'following', "$name: follows go on ($store)");
        $publisher->safe_psql('postgres', $undo);
        is(ask($session, 'SELECT status FROM unfollow_user(user_no(1), user_no(10))'), 'unfollowed', "$name: undone ($store)");
        $session->quit;
    }
}

deletes_are_refused('55000', 'without a replica identity',
    'ALTER TABLE user_follow REPLICA IDENTITY NOTHING', 'ALTER TABLE user_follow REPLICA IDENTITY DEFAULT');
deletes_are_refused('42P10', 'a row filter on what is not in the replica identity',
    q(ALTER PUBLICATION follows SET TABLE user_follow WHERE (created_at > '2001-01-01'), user_block),
    'ALTER PUBLICATION follows SET TABLE user_follow, user_block');
all_have_the_same('after refusals');

$publisher->safe_psql('postgres', q(ALTER PUBLICATION follows SET TABLE user_follow WHERE (id IS NULL), user_block));
$publisher->safe_psql('postgres', 'SELECT follow_user(user_no(7), user_no(8))');
$publisher->wait_for_catchup('follows');
is($subscriber->safe_psql('postgres', sprintf(q(SELECT count(*) FROM user_follow WHERE follower_id = '%s'), user(7))), 0,
    'a follow that the filter leaves out is not published');

check_indexes($publisher, 'postgres', 'the indexes agree with the tables');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION follows');
$subscriber->stop;
$standby->stop;
$publisher->stop;
done_testing();
