# Lists page by page: whoever is on a list throughout is shown once, whatever comes and goes meanwhile. And what lists cost:
# a page of a celebrity's list reads a page, not the list.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('lists', "shared_buffers = 256MB\nfsync = off\nmax_wal_size = 4GB\n");
srand(9);

sub query
{
    my ($database, $sql) = @_;
    return $node->safe_psql($database, $sql);
}

#
# Pages
#

# Users 2 to 61 follow 1, are followed by 1 and follow 200, all the time; 101 to 160 come and go.
my %columns = (
    timestamptz => 'created_at timestamptz NOT NULL DEFAULT now()',
    nullable => 'created_at timestamptz DEFAULT now()',
    timestamp => 'created_at timestamp NOT NULL DEFAULT now()',
    date => 'created_at date NOT NULL DEFAULT now()',
    none => 'note text',
);

# Few different times, so that most rows tie.
sub some_time
{
    my ($kind) = @_;
    my $random = int(rand(5));
    return 'NULL' if $kind eq 'nullable' && $random < 2;
    return sprintf("'2020-06-0%d %02d:00:00'", 1 + $random, $kind eq 'date' ? 0 : $random);
}

sub row
{
    my ($kind, $from, $to) = @_;
    return sprintf("('%s', '%s', %s)", user($from), user($to), $kind eq 'none' ? 'NULL' : some_time($kind));
}

sub insert_rows
{
    my ($kind, @pairs) = @_;
    my $third = $kind eq 'none' ? 'note' : 'created_at';
    return "INSERT INTO user_follow (follower_id, following_id, $third) VALUES " . join(', ', map { row($kind, @$_) } @pairs) . ' ON CONFLICT DO NOTHING';
}

# What somebody else does while a list is read: a row in, another out, another at a new time.
sub churn
{
    my ($kind) = @_;
    my ($in, $out, $moved) = map { 101 + int(rand(60)) } 1 .. 3;
    return join('; ',
        insert_rows($kind, [ $in, 1 ], [ 1, $in ], [ $in, 200 ]),
        sprintf("DELETE FROM user_follow WHERE '%s' IN (follower_id, following_id)", user($out)),
        $kind eq 'none' ? 'SELECT' : sprintf("UPDATE user_follow SET created_at = %s WHERE '%s' IN (follower_id, following_id)", some_time($kind), user($moved)));
}

# Reads a whole list.
sub walk
{
    my ($session, $function, $size, $between) = @_;
    my (@rows, $cursor);
    my $arguments = join(', ', map { "'" . user($_) . "'" } $function eq 'mutual_followers' ? (1, 200) : 1);
    while (@rows < 1000)
    {
        my $page = ask($session, "SELECT * FROM $function($arguments, $size" . ($cursor // '') . ')');
        my @page = split /\n/, $page;
        push @rows, @page;
        last if @page < $size;
        my ($user, $time) = split /\|/, $page[-1];
        $cursor = $function eq 'mutual_followers' ? ", '$user'" : $time ? ", '$time', '$user'" : ", NULL, '$user'";
        $between->() if $between;
    }
    return @rows;
}

sub number_of
{
    my ($row) = @_;
    return hex(substr($row, 24, 12));
}

sub shown_once
{
    my ($name, $function, @rows) = @_;
    my %times;
    $times{ number_of($_) }++ foreach @rows;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(join(' ', grep { ($times{$_} // 0) != 1 } 2 .. 61), '', "$name: whoever is there throughout is there once");
    # by time and user, those without a time last
    my @sorted = $function eq 'mutual_followers' ? sort @rows
      : sort { my ($u, $t) = split(/\|/, $a); my ($v, $s) = split(/\|/, $b); ($s // '') cmp ($t // '') || $v cmp $u } @rows;
    is(join("\n", @rows), join("\n", @sorted), "$name: in order");
}

foreach my $kind (sort keys %columns)
{
    query('postgres', "CREATE DATABASE list_$kind");
    query("list_$kind", "CREATE EXTENSION follow_ext;
        CREATE TABLE user_follow (follower_id uuid NOT NULL, following_id uuid NOT NULL, $columns{$kind}, UNIQUE (follower_id, following_id));
        CREATE TABLE user_block (blocker_id uuid NOT NULL, blocked_id uuid NOT NULL, UNIQUE (blocker_id, blocked_id));
        SELECT follow_attach_graph('user_follow', 'user_block');
        ALTER DATABASE list_$kind SET timezone = 'America/St_Johns'");
    query("list_$kind", insert_rows($kind, map { ([ $_, 1 ], [ 1, $_ ], [ $_, 200 ]) } 2 .. 61));
    my $reader = open_session($node, "list_$kind");
    my $writer = open_session($node, "list_$kind");
    foreach my $function ('followers_of', 'following_of', 'mutual_followers')
    {
        my @still = walk($reader, $function, 7);
        is(scalar(@still), 60, "$kind, $function: all of them");
        foreach my $size (1, 7, 50)
        {
            shown_once("$kind, $function by $size", $function, walk($reader, $function, $size, sub { ask($writer, churn($kind)) }));
        }
        ask($writer, sprintf("DELETE FROM user_follow WHERE follower_id BETWEEN '%s' AND '%s' OR following_id BETWEEN '%s' AND '%s'", (user(101), user(160)) x 2));
        is(join("\n", walk($reader, $function, 10000)), join("\n", @still), "$kind, $function: one page is the same as many");
    }
    if ($kind eq 'nullable' || $kind eq 'timestamptz')
    {
        my $script = $node->basedir . "/churn_$kind.sql";
        append_to_file($script, join(";\n", map { churn($kind) } 1 .. 50) . ";\n");
        my ($out, $err) = ('', '');
        my $pgbench = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-T', 2, '--max-tries=0', '-f', $script, $node->connstr("list_$kind") ],
            '>', \$out, '2>', \$err);
        foreach my $function ('followers_of', 'following_of', 'mutual_followers')
        {
            shown_once("$kind, $function while others write", $function, walk($reader, $function, $_)) foreach (1, 7);
        }
        $pgbench->finish;
        unlike($err, qr/error/i, "$kind: the others wrote");
        like($out, qr/actually processed: [1-9]/, "$kind: all the time");
    }
    $_->quit foreach ($reader, $writer);
}

#
# Costs: 200,000 follows, 100,000 of them of user 1
#

my $edges = q(
    INSERT INTO user_follow (follower_id, following_id, created_at)
    SELECT user_no(n), user_no(1), '2020-01-01'::timestamptz + n / 10 * interval '1 s' FROM generate_series(2, 100001) n
    UNION ALL
    SELECT user_no(n), user_no(2 + (n * 7) % 100000), '2021-01-01'::timestamptz + n * interval '1 s' FROM generate_series(2, 99001) n
        WHERE n <> 2 + (n * 7) % 100000
    UNION ALL
    SELECT user_no(1), user_no(n), '2022-01-01'::timestamptz + n * interval '1 s' FROM generate_series(2, 1001) n;
    INSERT INTO user_block (blocker_id, blocked_id) SELECT user_no(200000 + n), user_no(300000 + n) FROM generate_series(1, 10000) n;
);
# loading is not what is measured
my $fast = 'SET session_replication_role = replica;';
foreach my $database ('created', 'app')
{
    query('postgres', "CREATE DATABASE $database");
    if ($database eq 'app')
    {
        $node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', app_schema() ], 'the app');
    }
    query($database, 'CREATE EXTENSION follow_ext;' . ($database eq 'app' ? q(SELECT follow_attach_graph('user_follow', 'user_block')) : q(SELECT follow_create_graph('public'))));
    query($database, "$FollowTest::sql_user; $fast $edges");
    query($database, 'VACUUM ANALYZE user_follow, user_block');
}

# What a call runs inside, with what it reads: the plans of all nested statements.
sub open_explaining
{
    my ($database) = @_;
    my $session = open_session($node, $database);
    ask($session, q(
        LOAD 'auto_explain';
        SET follow_ext.store = spi; -- the other one has no plans
        SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_level = notice;
        SET auto_explain.log_analyze = on; SET auto_explain.log_buffers = on; SET auto_explain.log_timing = off));
    return $session;
}

sub plans_of
{
    my ($session, $call) = @_;
    # planned first, so that reading the catalogs is not counted
    ask($session, $call);
    my ($answer, $said) = report($session, $call);
    # the call's own plan comes last
    my @plans = split /^psql.*?NOTICE: .*?plan:\n/m, $said;
    pop @plans;
    my $inside = join("\n", @plans);
    # the node at the top counts what is below it
    my $pages = 0;
    foreach my $plan (@plans)
    {
        my ($buffers) = $plan =~ /^\s*Buffers: (.*)$/m or next;
        $pages += $_ foreach $buffers =~ /(?:hit|read)=(\d+)/g;
    }
    return ($answer, $inside, $pages);
}

my %calls = (
    followers_of => [ sprintf("SELECT * FROM followers_of('%s')", user(1)), 50, 12 ],
    'followers_of, a page in the middle' => [ sprintf("SELECT * FROM followers_of('%s', 50, '2020-01-01 01:00', '%s')", user(1), user(36005)), 50, 12 ],
    following_of => [ sprintf("SELECT * FROM following_of('%s')", user(1)), 50, 12 ],
    'following_of, of few' => [ sprintf("SELECT * FROM following_of('%s')", user(500)), 2, 12 ],
    mutual_followers => [ sprintf("SELECT * FROM mutual_followers('%s', '%s')", user(1), user(1)), 50, 400 ],
    is_following => [ sprintf("SELECT is_following('%s', '%s')", user(500), user(1)), 1, 6 ],
    follow_counts => [ sprintf("SELECT * FROM follow_counts('%s')", user(500)), 1, 20 ],
    'follow_counts, of a celebrity' => [ sprintf("SELECT * FROM follow_counts('%s')", user(1)), 1, 2000 ],
);

my $created = open_explaining('created');
foreach my $what (sort keys %calls)
{
    my ($call, $count, $most) = @{ $calls{$what} };
    my ($answer, $plan, $pages) = plans_of($created, $call);
    is(scalar(split /\n/, $answer), $count, "$what: rows");
    my %scans = map { $_ => 1 } $plan =~ /((?:\w+ )*Scan)(?: Backward)? (?:using|on)/g;
    is(join(', ', sort keys %scans), 'Index Only Scan', "$what: index-only scans") or diag($plan);
    unlike($plan, qr/Heap Fetches: [1-9]/, "$what: nothing is fetched from the table");
    unlike($plan, qr/\bSort\b/, "$what: nothing is sorted");
    cmp_ok($pages, '<=', $most, "$what: pages read");
    diag("$what: $pages pages");
}

# The app's own indexes lack the user: rows of one time are sorted, and no more.
my $app = open_explaining('app');
foreach my $what (grep { /_of/ } sort keys %calls)
{
    my ($call, $count) = @{ $calls{$what} };
    my ($answer, $plan, $pages) = plans_of($app, $call);
    is(scalar(split /\n/, $answer), $count, "the app, $what: rows");
    unlike($plan, qr/Seq Scan/, "the app, $what: an index is used");
    unlike($plan =~ s/Incremental Sort|Full-sort//gr, qr/\bSort +\(/, "the app, $what: the list is not sorted") or diag($plan);
    cmp_ok($pages, '<=', 150, "the app, $what: pages read");
    diag("the app, $what: $pages pages");
}

$_->quit foreach ($created, $app);

#
# Annotating a list: as many probes as there are users in it, however many follow whom
#

my @asked = map { user($_) } 2 .. 51;
my %viewers = ('a celebrity' => 1, 'somebody' => 500);
foreach my $database ('created', 'app')
{
    my $session = open_explaining($database);
    foreach my $who (sort keys %viewers)
    {
        my ($answer, $plan, $pages) = plans_of($session,
            sprintf("SELECT * FROM relationships('%s', ARRAY['%s']::uuid[])", user($viewers{$who}), join("', '", @asked)));
        is(scalar(split /\n/, $answer), 50, "$database: relationships of $who: rows");
        cmp_ok($pages, '<=', 50 * 3 * 5, "$database: relationships of $who: pages read") or diag($plan);
        unlike($plan, qr/Rows Removed by Filter: \d{3}/, "$database: relationships of $who: nothing else is read");
        diag("$database: relationships of $who: $pages pages");
    }
    $session->quit;
}

#
# Planned once
#

my $session = open_session($node, 'created');
$calls{relationships} = [ sprintf("SELECT * FROM relationships('%s', ARRAY['%s', '%s']::uuid[])", user(500), user(1), user(2)) ];

# Each planning is a report to the client.
sub times_planned
{
    my ($call, $count) = @_;
    my ($answer, $said) = report($session, "DO 'BEGIN FOR i IN 1 .. $count LOOP PERFORM * FROM (" . ($call =~ s/'/''/gr) . ") c; END LOOP; END'");
    return scalar(() = $said =~ /PLANNER STATISTICS/g);
}
ask($session, 'SET log_planner_stats = on; SET client_min_messages = log');
foreach my $what (sort keys %calls)
{
    my $call = $calls{$what}[0];
    times_planned($call, 1);
    is(times_planned($call, 20), times_planned($call, 1), "$what: planned once, called 20 times");
}
cmp_ok(times_planned('SELECT 1', 1), '>', 0, 'planning is noticed');
ask($session, 'RESET log_planner_stats; RESET client_min_messages');

#
# In a parallel worker
#

my $force = $node->pg_version >= 16 ? 'debug_parallel_query' : 'force_parallel_mode';
foreach my $what (sort keys %calls)
{
    my $call = $calls{$what}[0];
    my $alone = ask($session, "RESET $force; $call");
    ask($session, "SET $force = on");
    my $plan = ask($session, "EXPLAIN (ANALYZE, TIMING off) $call");
    like($plan, qr/Gather.*Workers Launched: 1\b.*Single Copy: true/s, "$what: a worker is asked");
    is(ask($session, $call), $alone, "$what: and answers the same");
}
$session->quit;

$node->stop;
done_testing();
