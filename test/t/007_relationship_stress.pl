# Many clients follow, block, end both and write the tables directly, all among the same few users. Nobody may see an error
# that the documentation does not name, and no moment may show a pair that is both blocked and following.
#
# FOLLOW_EXT_STRESS_SECONDS says how long all of it takes, about.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $seconds = $ENV{FOLLOW_EXT_STRESS_SECONDS} || 30;
my $clients = 16;
my $prepared_clients = 4;
my $users = 20;
my $nobody = 9999;
srand(20200);

# A deadlock is found soon: where several pairs are written at once, there are some.
my $node = start_node('relationships', "max_connections = 40\ndeadlock_timeout = 20ms\nsynchronous_commit = off\n");
load_app($node, 'postgres', $users);

# The schema's own CHECK constraints would keep self-follows out before a guard is asked.
$node->safe_psql('postgres', "$FollowTest::sql_user;" . q(
    ALTER TABLE user_follow DROP CONSTRAINT user_follow_check;
    ALTER TABLE user_block DROP CONSTRAINT user_block_check;
    CREATE POLICY remove_follower ON user_follow FOR DELETE USING (following_id = (SELECT follow_caller_id()));

    CREATE TABLE gate (until float8);

    -- One call for clients with prepared statements, which an error would end: what is refused by the rules is an answer.
    CREATE FUNCTION attempt(op int, a uuid, b uuid) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        CASE
            WHEN op <= 30 THEN RETURN (follow_user(a, b)).status;
            WHEN op <= 40 THEN RETURN (unfollow_user(a, b)).status;
            WHEN op <= 45 THEN RETURN (remove_follower(a, b)).status;
            WHEN op <= 60 THEN RETURN (block_user(a, b)).status;
            WHEN op <= 75 THEN RETURN (unblock_user(a, b)).status;
            WHEN op <= 80 THEN RETURN string_agg(f.status::text, ' ') FROM follow_users(a, ARRAY[b, user_no(1), user_no(2)]) f;
            WHEN op <= 90 THEN INSERT INTO user_follow (follower_id, following_id) VALUES (a, b) ON CONFLICT DO NOTHING;
            WHEN op <= 95 THEN INSERT INTO user_block (blocker_id, blocked_id) VALUES (a, b) ON CONFLICT DO NOTHING;
            ELSE DELETE FROM user_follow WHERE follower_id = a AND following_id = b;
        END CASE;
        RETURN 'done';
    EXCEPTION
        WHEN SQLSTATE 'PT403' OR SQLSTATE '22023' THEN RETURN SQLSTATE;
    END
    $$;
));

# What must never be seen, not even for a moment.
my $violations = q(
    (SELECT count(*) FROM user_block b JOIN user_follow f
        ON least(b.blocker_id, b.blocked_id) = least(f.follower_id, f.following_id)
        AND greatest(b.blocker_id, b.blocked_id) = greatest(f.follower_id, f.following_id))
    + (SELECT count(*) FROM user_follow WHERE follower_id = following_id)
    + (SELECT count(*) FROM user_block WHERE blocker_id = blocked_id)
);

#
# What clients do: SQL for psql, and a word for each statement where the errors go, so that they stay in order
#

# Most is about a few users, so that the same pairs are met again and again.
sub anybody
{
    return 1 + int(rand(rand() < 0.6 ? 4 : $users));
}

sub somebody_but
{
    my ($not) = @_;
    while (1)
    {
        my $user = anybody();
        return $user if $user != $not;
    }
}

sub pick
{
    my %weights = @_;
    my $sum = 0;
    $sum += $_ for values %weights;
    my $random = rand($sum);
    foreach my $name (sort keys %weights)
    {
        return $name if ($random -= $weights{$name}) < 0;
    }
}

sub ids
{
    return map { "'" . user($_) . "'" } @_;
}

sub call
{
    my ($function, @users) = @_;
    return "SELECT * FROM $function(" . join(', ', ids(@users)) . ');';
}

sub array_of
{
    return 'ARRAY[' . join(', ', ids(@_)) . ']::uuid[]';
}

my %columns = (
    user_follow => 'user_follow (follower_id, following_id)',
    user_block => 'user_block (blocker_id, blocked_id)');

sub insert_into
{
    my ($table, @pairs) = @_;
    my $rows = join(', ', map { '(' . join(', ', ids(@$_)) . ')' } @pairs);
    return "INSERT INTO $columns{$table} VALUES $rows ON CONFLICT DO NOTHING;";
}

sub copy_into
{
    my ($table, @pairs) = @_;
    return "COPY $columns{$table} FROM STDIN;\n" . join('', map { user($$_[0]) . "\t" . user($$_[1]) . "\n" } @pairs) . '\.';
}

# In no order: whoever writes them in one statement may deadlock with another who does.
sub some_pairs
{
    my ($count) = @_;
    my %pairs;
    while (keys %pairs < $count)
    {
        my $a = anybody();
        my $b = somebody_but($a);
        $pairs{"$a $b"} = [ $a, $b ];
    }
    return values %pairs;
}

# The extension's functions, and the same by hand: look first, then write.
my %functions = (
    follow_user => sub { call('follow_user', @_) },
    unfollow_user => sub { call('unfollow_user', @_) },
    remove_follower => sub { call('remove_follower', @_) },
    block_user => sub { call('block_user', @_) },
    unblock_user => sub { call('unblock_user', @_) },
    follow_users => sub { my ($a, @targets) = @_; sprintf("SELECT * FROM follow_users('%s', %s);", user($a), array_of(@targets)) },
    insert_follow => sub { insert_into('user_follow', [@_]) },
    insert_block => sub { insert_into('user_block', [@_]) },
    delete_follow => sub { sprintf("DELETE FROM user_follow WHERE follower_id = %s AND following_id = %s;", ids(@_)) },
    delete_block => sub { sprintf("DELETE FROM user_block WHERE blocker_id = %s AND blocked_id = %s;", ids(@_)) },
);

sub follow_by_hand
{
    my ($a, $b) = @_;
    my ($one, $other) = ids($a, $b);
    # the client is a network away from its server
    return qq(SELECT EXISTS (SELECT FROM user_block WHERE (blocker_id, blocked_id) IN (($one, $other), ($other, $one))) AS blocked \\gset
SELECT pg_sleep(0.002);
\\if :blocked
\\else
    ) . insert_into('user_follow', [ $a, $b ]) . "\n\\endif";
}

my %by_hand = (
    follow_user => \&follow_by_hand,
    unfollow_user => $functions{delete_follow},
    remove_follower => sub { $functions{delete_follow}->(reverse @_) },
    block_user => sub {
        my ($one, $other) = ids(@_);
        return "DELETE FROM user_follow WHERE (follower_id, following_id) IN (($one, $other), ($other, $one));\n" . insert_into('user_block', [@_]);
    },
    unblock_user => $functions{delete_block},
    follow_users => sub { my ($follower, @targets) = @_; join("\n", map { follow_by_hand($follower, $_) } sort { $a <=> $b } @targets) },
);

my %one_pair = (
    follow_user => 30, unfollow_user => 8, remove_follower => 6, block_user => 14, unblock_user => 14, follow_users => 8,
    insert_follow => 10, insert_block => 6, delete_follow => 4, delete_block => 3);

# With what writes many pairs in one transaction.
my %many_pairs = (
    %one_pair, copy_follow => 5, copy_block => 2, insert_follows => 4, insert_blocks => 3, update_follow => 3,
    update_block => 2, follow_everybody => 3, delete_user => 1);

sub statement
{
    my ($label, $sql) = @_;
    return "\\warn > $label\n$sql\n";
}

# COPY gives way to nothing, so what is in its way goes first. Two users and all the others are more pairs than are locked
# one by one; blocks of so many need the follow table, which they lock or else hope for.
sub copy_afresh
{
    my ($name, $table, @pair) = @_;
    my @rows = map { my $from = $_; map { [ $from, $_ ] } grep { $_ != $pair[0] && $_ != $pair[1] } 1 .. $users } @pair;
    @rows = grep { rand() < 0.2 } @rows if rand() < 0.7;
    my $list = join(', ', ids(@pair));
    my $lock = $table eq 'user_block' && rand() < 0.5 ? statement('lock_table', 'LOCK TABLE user_follow IN SHARE ROW EXCLUSIVE MODE;') : '';
    return "BEGIN;\n$lock"
      . statement('make_room', "DELETE FROM user_block WHERE blocker_id IN ($list) OR blocked_id IN ($list);")
      . statement('make_room', "DELETE FROM user_follow WHERE follower_id IN ($list);")
      # where the transaction has failed there is no COPY, and its rows would be taken for SQL
      . "\\if :ERROR\n\\else\n" . statement($name, copy_into($table, @rows)) . "\\endif\n" . statement('commit', 'COMMIT;');
}

# One transaction of the mix.
sub transaction
{
    my ($ways, $mix) = @_;
    my $name = pick(%$mix);
    my $a = anybody();
    my $b = somebody_but($a);
    return copy_afresh($name, 'user_follow', $a, $b) if $name eq 'copy_follow';
    return copy_afresh($name, 'user_block', $a, $b) if $name eq 'copy_block';
    return statement($name, insert_into('user_follow', some_pairs(8))) if $name eq 'insert_follows';
    return statement($name, insert_into('user_block', some_pairs(3))) if $name eq 'insert_blocks';
    return statement($name, $functions{follow_users}->($a, 1 .. 40, $nobody)) if $name eq 'follow_everybody';
    return statement($name, sprintf("UPDATE user_follow SET following_id = %s WHERE follower_id = %s AND following_id = %s;",
            ids(somebody_but($a), $a, $b))) if $name eq 'update_follow';
    return statement($name, sprintf("UPDATE user_block SET blocked_id = %s WHERE blocker_id = %s AND blocked_id = %s;",
            ids(somebody_but($a), $a, $b))) if $name eq 'update_block';
    return statement($name, sprintf("DELETE FROM auth.users WHERE id = %s;", ids($a)))
      . statement('add_user', sprintf("INSERT INTO auth.users (id) VALUES (%s) ON CONFLICT DO NOTHING;", ids($a))) if $name eq 'delete_user';

    my @targets = $name eq 'follow_users' ? map { $b + $_ * 3 } 0 .. 5 : $b;
    my $random = rand();
    return statement('follow_self', $$ways{follow_user}->($a, $a)) if $random < 0.01;
    return statement('insert_self', $functions{insert_follow}->($a, $a)) if $random < 0.02;
    return statement('block_self', $functions{insert_block}->($a, $a)) if $random < 0.03;
    return statement('follow_nobody', $$ways{follow_user}->($a, $nobody)) if $random < 0.05;
    return statement('block_nobody', $$ways{block_user}->($a, $nobody)) if $random < 0.06;
    my $sql = statement($name, $$ways{$name}->($a, @targets));
    return $sql if $random < 0.6;
    # with a snapshot from before, or with locks that were taken and given back, or twice something for the same pair (but not
    # after a plain DELETE, which takes no lock of ours: that is the opposite order, and can deadlock)
    my $second = pick(follow_user => 2, block_user => 1, unfollow_user => 1);
    $sql = "SAVEPOINT s;\n${sql}ROLLBACK TO s;\n" . statement($second, $$ways{$second}->($b, $a)) if $random < 0.65;
    $sql .= statement("$second", $$ways{$second}->($b, $a)) if $random >= 0.65 && $random < 0.75 && $name !~ /^(delete_|follow_users)/;
    return "BEGIN;\nSELECT count(*) FROM user_block;\n$sql" . statement('commit', 'COMMIT;');
}

# As PostgREST does it: role and claims for one transaction, each a caller's own. Now and then somebody else's.
sub request
{
    my ($level) = @_;
    my %mix = %one_pair;
    my $name = pick(%mix);
    my $a = anybody();
    my $b = somebody_but($a);
    my $for_another = $name =~ /^(follow_user|insert_follow|block_user|follow_users)$/ && rand() < 0.05;
    my $caller = $for_another ? somebody_but($a) : $a;
    my @targets = $name eq 'follow_users' ? map { $b + $_ * 3 } 0 .. 5 : $b;
    my $label = $for_another ? 'for_another' : $name;
    return "BEGIN ISOLATION LEVEL $level;\n"
      . sprintf(q(SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', '{"sub": "%s"}', true);), user($caller))
      . "\n" . statement($label, $functions{$name}->($a, @targets)) . statement('commit', 'COMMIT;');
}

my $scripts = 0;
my $gate_file = $node->basedir . '/gate.sql';
append_to_file($gate_file, q(
    BEGIN ISOLATION LEVEL READ COMMITTED;
    LOCK TABLE gate IN ACCESS SHARE MODE;
    SELECT until FROM gate \gset
    COMMIT;
));

# A client's script is run again and again until the time is over.
sub write_script
{
    my (@transactions) = @_;
    my $file = sprintf('%s/client_%d.sql', $node->basedir, ++$scripts);
    my $sql = '';
    while (my @few = splice(@transactions, 0, 10))
    {
        $sql .= join("\n", '\if :over', '\q', '\endif', @few, 'SELECT extract(epoch FROM clock_timestamp()) > :until AS over \gset', '');
    }
    append_to_file($file, $sql);
    return $file;
}

#
# Clients
#

# The options of a connection to the server itself, at this isolation level.
sub directly
{
    my ($database, $level) = @_;
    my $options = "-c default_transaction_isolation=" . lc($level) =~ s/ /\\ /gr;
    return { database => $node->connstr($database), options => $options };
}

# All begin at once: a client waits for a table until all of them wait. It may have to in vain for more than a few sessions
# behind the pooler.
my ($gate, $waiting_for_gate);

sub close_gate
{
    my ($database) = @_;
    $gate = open_session($node, $database);
    $gate->query_safe('BEGIN; TRUNCATE gate');
    $waiting_for_gate = 0;
}

sub open_gate
{
    my ($database, $duration, $sessions) = @_;
    $sessions //= $waiting_for_gate;
    ok( $node->poll_query_until($database,
            "SELECT count(*) = $sessions FROM pg_locks WHERE relation = 'gate'::regclass AND NOT granted"),
        "$sessions sessions are ready");
    $gate->query_safe("INSERT INTO gate SELECT extract(epoch FROM clock_timestamp()) + $duration; COMMIT");
    $gate->quit;
}

sub start_psql
{
    my ($connection, $file) = @_;
    $waiting_for_gate++;
    my %client = (log => "$file.log");
    local $ENV{PGOPTIONS} = $$connection{options};
    $client{run} = IPC::Run::start(
        [ 'psql', '-XAtq', '-o', '/dev/null', '-v', 'VERBOSITY=verbose', '-v', 'over=0', '-d', $$connection{database},
            '-f', $gate_file, map { ('-f', $file) } 1 .. 2000 ],
        '<', \undef, '>', '/dev/null', '2>', $client{log},
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default + $seconds));
    return \%client;
}

# Somebody who looks at one moment after another. All that clients do has been decided once it can be seen.
sub start_observer
{
    my ($database) = @_;
    my $file = write_script(map { "SELECT $violations AS bad \\gset\n\\warn observed :bad" } 1 .. 10);
    return start_psql(directly($database, 'READ COMMITTED'), $file);
}

sub start_prepared
{
    my ($connection, $duration) = @_;
    my $file = sprintf('%s/prepared_%d.sql', $node->basedir, ++$scripts);
    append_to_file($file, join("\n", '\set op random(1, 100)', "\\set a random(1, $users)", '\set b random(1, 4)',
        'SELECT attempt(:op::int, user_no(:a), user_no(:b));'));
    my %client = (said => '', errors => '');
    local $ENV{PGOPTIONS} = $$connection{options};
    $client{run} = IPC::Run::start(
        [ 'pgbench', '-n', '-M', 'prepared', '-c', $prepared_clients, '-T', $duration < 1 ? 1 : int($duration), '--max-tries=0',
            '--failures-detailed', '-f', $file, $$connection{database} ],
        '<', \undef, '>', \$client{said}, '2>', \$client{errors},
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default + $seconds));
    return \%client;
}

sub finish
{
    foreach my $client (@_)
    {
        $client->{run}->finish;
        $client->{errors} = slurp_file($client->{log}) if $client->{log};
    }
}

# How often each kind of statement had which SQLSTATE, and what the first of them said.
sub outcomes
{
    my (%count, %first);
    foreach my $report (map { split /^> /m, $_->{errors} } @_)
    {
        my ($what, $said) = $report =~ /^(\w+)\n(.*)/s or next;
        my $state = $said =~ /(?:ERROR|FATAL|PANIC): +(\w{5}):/ ? $1 : '00000';
        # whatever follows an error in its transaction
        next if $state eq '25P02';
        $count{$what}{$state}++;
        $first{"$what $state"} //= $said;
    }
    return (\%count, \%first);
}

my @calls_of_the_extension = qw(follow_user unfollow_user remove_follower block_user unblock_user follow_users follow_nobody block_nobody follow_self follow_everybody);

# What a statement may end with, besides success.
sub is_allowed
{
    my ($what, $state, $level, $many) = @_;
    return 1 if $state eq '00000';
    my $by_function = grep { $_ eq $what } @calls_of_the_extension;
    # PostgreSQL's own answer to a row that another has just written, above READ COMMITTED; a function's at SERIALIZABLE alone
    return 1 if $state eq '40001' && ($level eq 'SERIALIZABLE' || $level eq 'REPEATABLE READ' && !$by_function);
    return 1 if $state eq '22023' && $what =~ /self/;
    return 1 if $state eq 'PT404' && $what =~ /nobody/;
    return 1 if $state eq '42501' && $what eq 'for_another';
    return 1 if $state eq 'PT403' && $what =~ /^(follow_user|insert_follow|insert_follows|copy_follow|update_follow)$/;
    return 0 unless $many;
    # several pairs in one transaction; users that come and go
    return 1 if $state eq '40P01' || $state eq '40001' && $level eq 'REPEATABLE READ';
    return 1 if $state eq 'PT404' && $by_function;
    return 1 if $state eq '23503' && !$by_function;
    return 1 if $state eq '23505' && $what =~ /^(copy|update)_/;
    return $state eq '55P03' && $what eq 'copy_block';
}

sub check_outcomes
{
    my ($name, $level, $many, @clients) = @_;
    my ($count, $first) = outcomes(@clients);
    my ($all, @report, @wrong) = (0);
    foreach my $what (sort keys %$count)
    {
        my %states = %{ $$count{$what} };
        $all += $_ for values %states;
        push @report, sprintf('%s %s', $what, join(' ', map { "$_=$states{$_}" } sort keys %states));
        push @wrong, map { "$what $_: " . $$first{"$what $_"} } grep { !is_allowed($what, $_, $level, $many) } sort keys %states;
    }
    diag("$name: $all statements");
    diag("    $_") for @report;
    is(join("\n", @wrong), '', "$name: no error but those that are documented");
    return %$count;
}

sub check_tables
{
    my ($name, $database, $observer) = @_;
    my @seen = $$observer{errors} =~ /^observed (\d+)$/mg;
    cmp_ok(scalar(@seen), '>', 0, "$name: " . @seen . ' moments were looked at');
    is(scalar(grep { $_ } @seen), 0, "$name: in none was a pair blocked and following, or anybody paired with themselves");
    is($node->safe_psql($database, "SELECT $violations"), 0, "$name: nor is one now");
    is( $node->safe_psql($database, q(
            SELECT (SELECT count(*) - count(DISTINCT (follower_id, following_id)) FROM user_follow),
                (SELECT count(*) - count(DISTINCT (blocker_id, blocked_id)) FROM user_block))),
        '0|0', "$name: no row is there twice");
    check_indexes($node, $database, "$name: the indexes agree with the tables");
    ok( $node->poll_query_until($database, q(SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory')),
        "$name: no lock stays");
}

sub start_afresh
{
    $node->safe_psql('postgres', qq(TRUNCATE user_follow, user_block;
        INSERT INTO auth.users (id) SELECT user_no(n) FROM generate_series(1, $users) n ON CONFLICT DO NOTHING));
}

# The shares of the time: three levels, either mix; then the pooler.
my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
my %share = (one => 0.16, many => 0.10, pooled => 0.16);

foreach my $level (@levels)
{
    foreach my $mix ('one', 'many')
    {
        my $name = "$level, $mix pair" . ($mix eq 'many' ? 's' : '') . ' at a time';
        my $many = $mix eq 'many';
        my $duration = $seconds * $share{$mix};
        start_afresh();
        close_gate('postgres');
        my $connection = directly('postgres', $level);
        my @clients = map {
            start_psql($connection, write_script(map { transaction(\%functions, $many ? \%many_pairs : \%one_pair) } 1 .. 100))
        } 1 .. $clients;
        my $observer = start_observer('postgres');
        open_gate('postgres', $duration);
        my $prepared = $many ? undef : start_prepared($connection, $duration);
        finish(@clients, $observer, $prepared // ());
        my %count = check_outcomes($name, $level, $many, @clients);
        cmp_ok($count{follow_user}{PT403} // 0, '>', 0, "$name: follows were refused for blocks");
        if ($prepared)
        {
            my ($done) = $$prepared{said} =~ /actually processed: (\d+)/;
            my ($retried) = $$prepared{said} =~ /total number of retries: (\d+)/;
            diag("$name, prepared statements: $done transactions, $retried retries");
            is($$prepared{errors} =~ s/^pgbench \(.*\)\n//r, '', "$name: prepared statements had no other error");
            cmp_ok($done, '>', 0, "$name: prepared statements ran");
            is($retried, 0, "$name: and none was tried again") if $level eq 'READ COMMITTED';
        }
        check_tables($name, 'postgres', $observer);
    }
}

#
# Behind a pooler: a session is somebody else's for each transaction, under row security
#

my $pool_size = 6;
my $pooler;
my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin';

sub start_pooler
{
    my $folder = PostgreSQL::Test::Utils::tempdir_short;
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my $owner = $node->safe_psql('postgres', 'SELECT current_user');
    append_to_file("$folder/pgbouncer.ini", join("\n",
        '[databases]',
        sprintf('postgres = host=%s port=%d dbname=postgres user=%s', $node->host, $node->port, $owner),
        '[pgbouncer]',
        'listen_addr =', "listen_port = $port", "unix_socket_dir = $folder",
        "logfile = $folder/log", "pidfile = $folder/pid",
        'auth_type = any', 'pool_mode = transaction', "default_pool_size = $pool_size", 'max_client_conn = 100',
        'ignore_startup_parameters = extra_float_digits, options', ''));
    $pooler = IPC::Run::start([ $pgbouncer, '-q', "$folder/pgbouncer.ini" ], '<', \undef, '>', \my $out, '2>', \my $err);
    my $reached = 0;
    foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
    {
        $reached = -S "$folder/.s.PGSQL.$port";
        last if $reached || !$pooler->pumpable;
        $pooler->pump_nb;
        select(undef, undef, undef, 0.1);
    }
    ok($reached, 'the pooler has started') or diag($err);
    return { database => "host=$folder port=$port dbname=postgres", options => '' };
}

sub stop_pooler
{
    $pooler->kill_kill if $pooler;
    undef $pooler;
}

SKIP:
{
    skip('pgbouncer is not installed: the mix behind a pooler is not run', 1) unless $pgbouncer;
    my $name = 'behind pgbouncer';
    start_afresh();
    my $connection = start_pooler();
    close_gate('postgres');
    # each client at a level of its own
    my %of_level;
    foreach my $number (1 .. $clients)
    {
        my $level = $levels[$number % 3];
        push @{ $of_level{$level} }, start_psql($connection, write_script(map { request($level) } 1 .. 100));
    }
    my $observer = start_observer('postgres');
    open_gate('postgres', $seconds * $share{pooled}, 1 + $pool_size);
    finish(map({ @$_ } values %of_level), $observer);
    foreach my $level (@levels)
    {
        my %count = check_outcomes("$name, $level", $level, 0, @{ $of_level{$level} });
        cmp_ok($count{follow_user}{PT403} // 0, '>', 0, "$name, $level: follows were refused for blocks");
        is(join(' ', grep { $_ ne '42501' && $_ ne '40001' } keys %{ $count{for_another} }), '', "$name, $level: nobody acts for another");
    }
    is($node->safe_psql('postgres', qq(
        SELECT count(DISTINCT pid) <= $pool_size FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())),
        't', "$name: a few sessions served all of them");
    stop_pooler();
    check_tables($name, 'postgres', $observer);
}

$node->safe_psql('postgres', 'DROP EXTENSION amcheck');

#
# The same without the extension, so that we know that this would show what is wrong
#

$node->safe_psql('postgres', 'CREATE DATABASE by_hand');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('by_hand'), '-f', app_schema() ],
    'the schema without the extension');
add_users($node, 'by_hand', 1, $users);
$node->safe_psql('by_hand', 'CREATE TABLE gate (until float8)');
my %by_hand_mix = map { $_ => $one_pair{$_} } keys %by_hand;
my ($seen_violations, $rounds, $began) = (0, 0, time());
while ($seen_violations == 0 && time() < $began + 60)
{
    $rounds++;
    close_gate('by_hand');
    my $connection = directly('by_hand', 'READ COMMITTED');
    my @clients = map {
        start_psql($connection, write_script(map {
            my $name = pick(%by_hand_mix);
            my $a = anybody();
            my $b = somebody_but($a);
            "BEGIN;\n" . statement($name, $by_hand{$name}->($a, $name eq 'follow_users' ? map({ $b + $_ } 0 .. 2) : $b)) . 'COMMIT;'
        } 1 .. 100))
    } 1 .. $clients;
    my $observer = start_observer('by_hand');
    open_gate('by_hand', 1);
    finish(@clients, $observer);
    $seen_violations = grep { $_ } $$observer{errors} =~ /^observed (\d+)$/mg;
    $seen_violations += $node->safe_psql('by_hand', "SELECT $violations");
}
diag(sprintf('by hand: %d moments with a pair blocked and following, %d round(s)', $seen_violations, $rounds));
cmp_ok($seen_violations, '>', 0, 'by hand: pairs were blocked and following');

END
{
    my $status = $?;
    stop_pooler();
    $? = $status;
}

$node->stop;
done_testing();
