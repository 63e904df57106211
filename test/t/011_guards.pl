# What guards do where rows come in by other ways: a restore of the schema alone, replication, partitions that come and go.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('guards', "wal_level = logical\nmax_wal_senders = 4\nmax_replication_slots = 4\n");
load_app($node, 'postgres', 100);

sub query
{
    my ($database, $sql) = @_;
    return $node->safe_psql($database, $sql);
}

sub insert_into
{
    my ($table, $from, $to) = @_;
    my $columns = $table =~ /block/ ? 'blocker_id, blocked_id' : 'follower_id, following_id';
    return sprintf("INSERT INTO %s (%s) VALUES ('%s', '%s')", $table, $columns, user($from), user($to));
}

sub follows
{
    my ($database) = @_;
    return query($database, q(
        SELECT string_agg(right(follower_id::text, 2) || '>' || right(following_id::text, 2), ' ' ORDER BY follower_id, following_id) FROM user_follow));
}

#
# The schema alone: guards are on the tables, and no catalog row says what they guard
#

{
    local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port);
    my ($out, $err) = ('', '');
    my $file = $node->basedir . '/schema.sql';
    IPC::Run::run([ 'pg_dump', '--schema-only', '-f', $file, 'postgres' ], '2>', \$err);
    query('postgres', 'CREATE DATABASE schema_only');
    IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'schema_only', '-f', $file ], '>', \$out, '2>', \$err);
    is($err, '', 'the schema alone is dumped and restored');
}
add_users($node, 'schema_only', 1, 20);
my $session = open_session($node, 'schema_only');
my ($rows, $said) = report($session, join('; ',
    'BEGIN', insert_into('user_follow', 1, 2), insert_into('user_follow', 2, 3), insert_into('user_block', 1, 2), 'COMMIT'));
is(scalar(() = $said =~ /WARNING: +01000: table public\.user_follow is not attached/g), 1, 'without a graph a write warns once in a transaction');
is(scalar(() = $said =~ /WARNING/g), 1, 'whatever it writes');
like($said, qr/HINT: .*follow_attach_graph/, 'the hint names the call');
unlike($said, qr/ERROR/, 'and the rows pass');
is(query('schema_only', 'SELECT (SELECT count(*) FROM user_follow), (SELECT count(*) FROM user_block)'), '2|1', 'they are there');
like((report($session, insert_into('user_block', 4, 5)))[1], qr/WARNING: +01000: table public\.user_block is not attached/, 'the next transaction warns again');
is(ask($session, follow(1, 3)), '55000', 'the functions do not work without a graph');
like((report($session, q(SELECT follow_attach_graph('user_follow', 'user_block', remove_blocked_follows => true))))[1],
    qr/removed 1 follow/, 'attached, and what was blocked is removed');
($rows, $said) = report($session, insert_into('user_follow', 5, 6));
is($said, '', 'attached: no warning');
is(ask($session, insert_into('user_follow', 2, 1)), 'PT403', 'attached: the guard refuses');
ask($session, insert_into('user_block', 6, 5));
is(follows('schema_only'), '02>03', 'attached: a plain block removes the follow');

#
# Replication
#

is(ask($session, 'BEGIN; SET LOCAL session_replication_role = replica; ' . insert_into('user_follow', 1, 2)), '', 'as a replica no guard is asked');
ask($session, 'ROLLBACK');
is(ask($session, insert_into('user_follow', 1, 2)), 'PT403', 'as anybody else it is');
$session->quit;

# Two databases of one server: what is applied has been decided where it came from.
query('postgres', 'CREATE DATABASE subscriber');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('subscriber'), '-f', app_schema() ], 'a subscriber');
query('subscriber', q(CREATE EXTENSION follow_ext; SELECT follow_attach_graph('user_follow', 'user_block')));
add_users($node, 'subscriber', 1, 100);
query('subscriber', insert_into('user_block', 12, 11));
query('subscriber', insert_into('user_follow', 14, 13));
query('postgres', q(
    CREATE PUBLICATION graph FOR TABLE user_follow, user_block;
    SELECT pg_create_logical_replication_slot('graph', 'pgoutput');
));
query('subscriber', sprintf(q(CREATE SUBSCRIPTION graph CONNECTION '%s' PUBLICATION graph WITH (create_slot = false, slot_name = 'graph', copy_data = false)),
    $node->connstr('postgres') =~ s/'/''/gr));
query('postgres', follow(11, 12));
query('postgres', sprintf(q(SELECT block_user('%s', '%s')), user(13), user(14)));
query('postgres', follow(15, 16));
ok( $node->poll_query_until('subscriber', sprintf(q(SELECT count(*) = 1 FROM user_follow WHERE follower_id = '%s'), user(15))),
    'the changes have arrived');
is(follows('subscriber'), '0b>0c 0e>0d 0f>10', 'a follow that is blocked here is applied, and a block that is applied removes nothing');
is(query('subscriber', 'SELECT count(*) FROM user_block'), 2, 'the block too');
is(query('subscriber', q(SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL)), 1, 'replication goes on');
is(($node->psql('subscriber', insert_into('user_follow', 13, 14)))[0], 3, 'whoever writes here is asked by the guard');
query('subscriber', 'DROP SUBSCRIPTION graph');
query('postgres', 'DROP PUBLICATION graph');

#
# Partitions
#

query('postgres', 'CREATE DATABASE partitions');
query('partitions', q(
    CREATE EXTENSION follow_ext;
    CREATE TABLE user_follow (
        follower_id uuid NOT NULL, following_id uuid NOT NULL, created_at timestamptz DEFAULT now(), UNIQUE (follower_id, following_id)
    ) PARTITION BY RANGE (follower_id);
    CREATE TABLE user_block (blocker_id uuid NOT NULL, blocked_id uuid NOT NULL, UNIQUE (blocker_id, blocked_id)) PARTITION BY HASH (blocker_id);
    CREATE TABLE block_0 PARTITION OF user_block FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE block_1 PARTITION OF user_block FOR VALUES WITH (MODULUS 2, REMAINDER 1);
) . sprintf(q(CREATE TABLE first PARTITION OF user_follow FOR VALUES FROM ('%s') TO ('%s');), user(0), user(10)) . q(
    SELECT follow_attach_graph('user_follow', 'user_block');
));
my %range = (second => [ user(10), user(20) ], third => [ user(20), user(30) ]);

sub refuses
{
    my ($name, $table, $from, $to) = @_;
    my ($result, $out, $err) = $node->psql('partitions', "\\set VERBOSITY sqlstate\n" . insert_into($table, $from, $to));
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like($err, qr/ERROR: +PT403/, $name);
}

sub guards_of
{
    my ($table) = @_;
    return query('partitions', "SELECT count(*) FROM pg_trigger WHERE tgrelid = '$table'::regclass AND tgfoid = 'follow_guard'::regproc");
}

query('partitions', join(';', map { insert_into('user_block', 90, $_) } (1, 11, 21)));
refuses('a partition from before', 'user_follow', 1, 90);
refuses('written itself', 'first', 1, 90);

query('partitions', sprintf(q(CREATE TABLE second PARTITION OF user_follow FOR VALUES FROM ('%s') TO ('%s')), @{ $range{second} }));
is(guards_of('second'), 2, 'a new partition has the guards');
refuses('a new partition', 'user_follow', 11, 90);
refuses('written itself', 'second', 11, 90);

# Its columns stand in another order.
query('partitions', 'CREATE TABLE third (gone int, created_at timestamptz DEFAULT now(), following_id uuid NOT NULL, follower_id uuid NOT NULL); ALTER TABLE third DROP gone');
query('partitions', sprintf(q(ALTER TABLE user_follow ATTACH PARTITION third FOR VALUES FROM ('%s') TO ('%s')), @{ $range{third} }));
is(guards_of('third'), 2, 'an attached partition has the guards');
refuses('an attached partition', 'user_follow', 21, 90);
refuses('written itself', 'third', 21, 90);
query('partitions', insert_into('user_follow', 21, 22));
query('partitions', insert_into('user_block', 22, 21) . ' ON CONFLICT DO NOTHING');
is(query('partitions', 'SELECT count(*) FROM user_follow'), 0, 'a block removes the follow from it');

# Once it is nobody's partition, it is a table like any other.
query('partitions', 'ALTER TABLE user_follow DETACH PARTITION third');
is(guards_of('third'), 0, 'a detached partition has no guards');
is(($node->psql('partitions', insert_into('third', 21, 90)))[0], 0, 'and takes the row');
query('partitions', 'TRUNCATE third');
query('partitions', sprintf(q(ALTER TABLE user_follow ATTACH PARTITION third FOR VALUES FROM ('%s') TO ('%s')), @{ $range{third} }));
is(guards_of('third'), 2, 'attached again, it has them');
refuses('and refuses', 'third', 21, 90);

# A row that an UPDATE moves into another partition is a new one there.
query('partitions', insert_into('user_follow', 2, 90));
my ($result, $out, $err) = $node->psql('partitions',
    sprintf(qq(\\set VERBOSITY sqlstate\nUPDATE user_follow SET follower_id = '%s' WHERE follower_id = '%s'), user(11), user(2)));
like($err, qr/ERROR: +PT403/, 'a row is not moved to a blocked pair');
query('partitions', 'SELECT follow_detach_graph()');
is(join(' ', map { guards_of($_) } qw(user_follow user_block first second third block_0)), '0 0 0 0 0 0', 'detaching the graph takes them off everywhere');

$node->stop;
done_testing();
