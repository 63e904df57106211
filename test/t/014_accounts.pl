# What keeps account of a table is told what is read and written: PostgreSQL's statistics with either store, and pgaudit,
# which wants statements and gets them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('accounts');
load_app($node, 'postgres', 100);
$node->safe_psql('postgres', $FollowTest::sql_user);
is(store_used($node), default_store($node), 'the store is the one that is meant');
my @stores = ('auto', 'spi');

#
# Statistics
#

# What the session's calls come to, by table; what a session has counted is there once it has ended.
sub rows_written
{
    my ($store, @calls) = @_;
    $node->safe_psql('postgres', 'TRUNCATE user_follow, user_block');
    $node->safe_psql('postgres', 'SELECT pg_stat_reset()');
    $node->safe_psql('postgres', join(";\n", "SET follow_ext.store = $store", @calls));
    return $node->safe_psql('postgres', q(
        SELECT string_agg(relname || ' +' || n_tup_ins || ' -' || n_tup_del || ' dead ' || n_dead_tup || ' live ' || n_live_tup, ', ' ORDER BY relname)
        FROM pg_stat_user_tables WHERE relname IN ('user_follow', 'user_block')));
}

my @calls = (
    'SELECT follow_user(user_no(1), user_no(n)) FROM generate_series(2, 11) n',
    'SELECT follow_users(user_no(20), ARRAY(SELECT user_no(n) FROM generate_series(21, 40) n))',
    'SELECT follow_user(user_no(2), user_no(1))',
    'SELECT follow_user(user_no(1), user_no(2))',
    'SELECT unfollow_user(user_no(1), user_no(n)) FROM generate_series(9, 11) n',
    'SELECT unfollow_user(user_no(1), user_no(11))',
    'SELECT block_user(user_no(1), user_no(2))',
    'SELECT block_user(user_no(1), user_no(50))',
    'SELECT unblock_user(user_no(1), user_no(50))',
    'BEGIN; SELECT follow_user(user_no(60), user_no(61)); ROLLBACK');
my $expected = 'user_block +2 -1 dead 1 live 1, user_follow +32 -5 dead 6 live 26';
is(rows_written($_, @calls), $expected, "rows are counted ($_)") foreach @stores;

sub scans
{
    my ($index) = @_;
    return $node->safe_psql('postgres', "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '$index'");
}

my $arbiter = 'user_follow_follower_id_following_id_key';
my $pairs = 'user_block_blocker_id_blocked_id_key';
# Without statements; a statement may do without an index.
my %looks = (
    'is_following' => [ 'is_following(user_no(20), user_no(30))', 1, 0 ],
    'a repeated follow' => [ 'follow_user(user_no(20), user_no(30))', 1, 0 ],
    'relationships' => [ 'relationships(user_no(20), ARRAY[user_no(30)])', 2, 1 ],
    # of both directions of a block; and of the edge, before the pair is locked
    'a new follow' => [ 'follow_user(user_no(70), user_no(71))', 1, 2 ]);
foreach my $look (sort keys %looks)
{
    my ($call, $follows, $blocks) = @{ $looks{$look} };
    my @before = (scans($arbiter), scans($pairs));
    $node->safe_psql('postgres', "SET follow_ext.store = auto; SELECT $call");
    is(join(' ', scans($arbiter) - $before[0], scans($pairs) - $before[1]), "$follows $blocks", "scans are counted: $look");
}

my $session = open_session($node, 'postgres');
ask($session, 'BEGIN; SELECT follow_user(user_no(80), user_no(81)); SELECT unfollow_user(user_no(80), user_no(81))');
is(ask($session, q(SELECT n_tup_ins, n_tup_del FROM pg_stat_xact_user_tables WHERE relname = 'user_follow')), '1|1',
    'a transaction is told of its own');
$session->quit;

foreach my $store (@stores)
{
    my $written = rows_written($store, 'SET track_counts = off', 'SELECT follow_user(user_no(1), user_no(2))', 'SELECT is_following(user_no(1), user_no(2))',
        'SET track_counts = on', 'SELECT follow_user(user_no(1), user_no(3))');
    like($written, qr/user_follow \+1 -0/, "what is written while nothing is counted is not, what is written later is ($store)");
}

#
# pgaudit
#

# What is logged of a call: whether for the session or for the object, the class, the command and, where it is named, the table.
sub audited
{
    my ($session, $call) = @_;
    my (undef, $said) = report($session, $call);
    my %entries;
    while ($said =~ /AUDIT: (SESSION|OBJECT),\d+,\d+,(\w+),(\w+),\w*,([\w.]*),/g)
    {
        $entries{ join(' ', grep { $_ ne '' } $1, $2, $3, $4) } = 1;
    }
    return join(', ', sort keys %entries);
}

sub audit_session
{
    my @settings = @_;
    my $session = open_session($node, 'postgres');
    ask($session, "SET $_") foreach 'pgaudit.log_client = on', 'pgaudit.log_level = notice', @settings;
    return $session;
}

SKIP:
{
    skip('pgaudit is not installed: what it sees is not tested', 1) unless -e $node->config_data('--sharedir') . '/extension/pgaudit.control';
    $node->append_conf('postgresql.conf', 'shared_preload_libraries = pgaudit');
    $node->restart;
    $node->safe_psql('postgres', q(
        CREATE EXTENSION pgaudit;
        TRUNCATE user_follow, user_block;
        CREATE ROLE auditor NOLOGIN;
        GRANT INSERT (follower_id), DELETE ON user_follow TO auditor;
    ));
    is(store_used($node), 'spi', 'where rights are audited, statements serve');

    my $by_table = audit_session(q(pgaudit.log = 'read, write'), 'pgaudit.log_relation = on');
    my @audit = (
        [ 'follow_user(user_no(1), user_no(2))', 'WRITE INSERT', 'public.user_follow' ],
        [ 'is_following(user_no(1), user_no(2))', 'READ SELECT', 'public.user_follow' ],
        [ 'unfollow_user(user_no(1), user_no(2))', 'WRITE DELETE', 'public.user_follow' ],
        [ 'follow_users(user_no(1), ARRAY[user_no(2), user_no(3)])', 'WRITE INSERT', 'public.user_follow' ],
        [ 'block_user(user_no(1), user_no(2))', 'WRITE INSERT', 'public.user_block' ],
        [ 'unblock_user(user_no(1), user_no(2))', 'WRITE DELETE', 'public.user_block' ]);
    foreach my $call (@audit)
    {
        my ($function, $what, $table) = @$call;
        like(audited($by_table, "SELECT $function"), qr/\bSESSION $what $table\b/, "what a session does is logged by table: $function");
    }
    $by_table->quit;

    # of what is done to an object, that for which the auditor has rights
    my $by_object = audit_session('pgaudit.role = auditor');
    is(audited($by_object, 'SELECT follow_user(user_no(1), user_no(4))'), 'OBJECT WRITE INSERT public.user_follow',
        'what is done to a table is logged: a follow');
    is(audited($by_object, 'SELECT is_following(user_no(1), user_no(4))'), '', 'nothing else is: a look');
    is(audited($by_object, 'SELECT unblock_user(user_no(1), user_no(4))'), '', 'nothing else is: another table');
    is(audited($by_object, 'SELECT unfollow_user(user_no(1), user_no(4))'), 'OBJECT WRITE DELETE public.user_follow',
        'what is done to a table is logged: an unfollow');
    $by_object->quit;

    # as pgaudit is when only told what to log
    my $by_default = audit_session('pgaudit.log = write');
    is(audited($by_default, 'SELECT follow_user(user_no(5), user_no(6))'), 'SESSION WRITE INSERT', 'what a session writes is logged: a follow');
    is(audited($by_default, 'SELECT block_user(user_no(5), user_no(6))'), 'SESSION WRITE DELETE, SESSION WRITE INSERT',
        'what a session writes is logged: a block, and the end of a follow');
    $by_default->quit;

    # A call without a statement around it, of a trigger that is deferred until the transaction ends: pgaudit would crash.
    $node->safe_psql('postgres', q(
        CREATE TABLE signup (who uuid);
        CREATE FUNCTION follow_the_first() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            status text;
        BEGIN
            status := (follow_user(NEW.who, user_no(1))).status;
            RETURN NULL;
        END
        $$;
        CREATE CONSTRAINT TRIGGER follow_the_first AFTER INSERT ON signup DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION follow_the_first();
    ));
    my ($status) = $node->psql('postgres', 'SET pgaudit.log = write; INSERT INTO signup VALUES (user_no(9))');
    is($status, 0, 'a follow at the end of a transaction');
    is($node->safe_psql('postgres', 'SELECT count(*) FROM user_follow WHERE follower_id = user_no(9)'), 1,
        'a follow at the end of a transaction: it is there');
}

$node->stop;
done_testing();
