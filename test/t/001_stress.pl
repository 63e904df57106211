# Many clients follow the same few pairs at once. No client may see an error, one alone may be told that its follow is
# new, and there must be one row.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 16;
my $calls = 1250;    # for each client: 20,000 in all
my $total = $clients * $calls;
my $pairs = 8;

# 24 connections: pgbench's, and those that look on.
my $node = start_node('stress', "max_connections = 24\n");
load_app($node, 'postgres', 2000);

# Pairs 1 to 8: four users, each pair in both directions, which share a lock. From 101 on: a pair for each call of a client.
$node->safe_psql('postgres', "$FollowTest::sql_user;" . q(
    CREATE TABLE pairs (pair int PRIMARY KEY, follower uuid, following uuid);
    INSERT INTO pairs
    SELECT row_number() OVER (), user_no(a), user_no(b) FROM (VALUES (1, 2), (3, 4), (1, 3), (2, 4)) v (a, b)
    UNION ALL
    SELECT 4 + row_number() OVER (), user_no(b), user_no(a) FROM (VALUES (1, 2), (3, 4), (1, 3), (2, 4)) v (a, b);
    INSERT INTO pairs SELECT 100 + n, user_no(n), user_no(n + 1) FROM generate_series(11, 1999) n;
    CREATE UNLOGGED TABLE answers (pair int, status text);
    GRANT INSERT ON answers TO authenticated;
    GRANT SELECT ON pairs TO authenticated;
    CREATE SEQUENCE turn;
));

my $call = q(
    INSERT INTO answers SELECT p.pair, f.status
    FROM pairs p, LATERAL follow_user(p.follower, p.following) f WHERE p.pair = :pair;
);
my $random_pair = "\\set pair random(1, $pairs)\n";

# Each client walks along the same pairs, so that every pair is raced for; a client that is ahead waits for nobody.
my $walk = "\\set pair 112 + mod(:step, $calls)\n\\set step :step + 1\n";

# What a transaction looks like. A snapshot that is older than the call is what REPEATABLE READ is about.
my %transaction = (
    'READ COMMITTED' => "$call",
    'REPEATABLE READ' => "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT 1;\n$call COMMIT;\n",
    'SERIALIZABLE' => "BEGIN ISOLATION LEVEL SERIALIZABLE;\n$call COMMIT;\n",
    # as PostgREST does: role and claims for this transaction only
    'row security' => q(
        BEGIN;
        SELECT set_config('request.jwt.claims', json_build_object('sub', follower)::text, true) FROM pairs WHERE pair = :pair;
        SET LOCAL ROLE authenticated;) . "$call COMMIT;\n",
    'row security at REPEATABLE READ' => q(
        BEGIN ISOLATION LEVEL REPEATABLE READ;
        SELECT set_config('request.jwt.claims', json_build_object('sub', follower)::text, true) FROM pairs WHERE pair = :pair;
        SET LOCAL ROLE authenticated;) . "$call COMMIT;\n",
);

sub start_afresh
{
    $node->safe_psql('postgres', 'TRUNCATE public.user_follow, answers');
}

# pgbench with one file for each kind of client; errors are counted against it.
sub run_clients
{
    my ($name, $options, %files) = @_;
    my $number = $node->safe_psql('postgres', q(SELECT nextval('turn')));
    my %numbered = map { my $file = $_; ("${number}_$file" => $files{$file}) } keys %files;
    $node->pgbench(
        "-n -c $clients -j 2 -D step=0 $options",
        0,
        [ qr{number of transactions actually processed: (\d+)/\1}, qr{number of failed transactions: 0 } ],
        [qr{^$}],
        "$name: no client sees an error",
        \%numbered);
}

sub query
{
    return $node->safe_psql('postgres', shift);
}

sub check_answers
{
    my ($name, $different, $calls_made) = @_;
    is(query('SELECT count(*) FROM answers'), $calls_made, "$name: every call was answered");
    is(query(q(SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM answers)), 'already_following following',
        "$name: there are two answers only");
    is( query(q(
            SELECT count(*), count(*) FILTER (WHERE news = 1)
            FROM (SELECT count(*) FILTER (WHERE status = 'following') AS news FROM answers GROUP BY pair) p)),
        "$different|$different",
        "$name: for each pair, one call alone made it");
    is( query(q(
            SELECT count(*), count(DISTINCT (follower_id, following_id)),
                count(*) FILTER (WHERE (follower_id, following_id) IN (SELECT follower, following FROM pairs JOIN answers USING (pair)))
            FROM public.user_follow)),
        "$different|$different|$different",
        "$name: there is exactly one row for each pair");
    check_indexes($node, 'postgres', "$name: the indexes agree with the table");
}

foreach my $kind (sort keys %transaction)
{
    my $few = "$kind, a few pairs";
    my $many = "$kind, every pair raced for";
    # 40001 is SERIALIZABLE's own answer to a concurrent follow, and a retry has to succeed
    my $retry = $kind eq 'SERIALIZABLE' ? '--max-tries=1000' : '';

    start_afresh();
    run_clients($few, "-t $calls $retry", few => $random_pair . $transaction{$kind});
    check_answers($few, $pairs, $total);

    # the ways that differ under a race
    next unless $kind =~ /^(READ COMMITTED|REPEATABLE READ|row security)$/;
    start_afresh();
    run_clients($many, "-t $calls", many => $walk . $transaction{$kind});
    check_answers($many, $calls, $total);
}

# Clients that know nothing of the extension write the same rows and take their time to commit: no lock of ours keeps
# them apart, the unique index does.
my $plain_insert = $walk . q(
    BEGIN;
    WITH i AS (INSERT INTO public.user_follow (follower_id, following_id)
        SELECT follower, following FROM pairs WHERE pair = :pair ON CONFLICT DO NOTHING RETURNING 1)
    INSERT INTO answers SELECT :pair, 'inserted' FROM i;
    SELECT count(*) FROM public.user_block;
    COMMIT;
);
foreach my $kind ('READ COMMITTED', 'REPEATABLE READ')
{
    my $name = "$kind, beside plain writers";
    start_afresh();
    run_clients($name, "-t $calls", 'call@1' => $walk . $transaction{$kind}, 'insert@1' => $plain_insert);
    is( query(q(
            SELECT count(*), count(*) FILTER (WHERE news = 1)
            FROM (SELECT count(*) FILTER (WHERE status IN ('following', 'inserted')) AS news FROM answers GROUP BY pair) p)),
        "$calls|$calls",
        "$name: each pair was made once");
    is( query(q(
            SELECT count(*), count(DISTINCT (follower_id, following_id)) FROM public.user_follow)),
        "$calls|$calls",
        "$name: there is exactly one row for each pair");
    is(query(q(SELECT count(DISTINCT status) FROM answers)), 3, "$name: either kind of client made some");
    check_indexes($node, 'postgres', "$name: the indexes agree with the table");
}

$node->stop;
done_testing();
