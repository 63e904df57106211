# The server dies while many clients follow, unfollow and block. What a client was told is true afterwards, no follow is there
# twice, and none stands beside a block.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use IPC::Run;
use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 8;
my $users = 3000;
srand(20300);
my $node = start_node('crash');
load_app($node, 'postgres', $users + 1);
$node->safe_psql('postgres', $FollowTest::sql_user);

# Each client walks along the same pairs, each call a transaction, and prints what it is told: a line has been printed
# once the transaction was committed.
my $walk = join("\n", map {
    my ($follower, $following) = (user($_), user($_ + 1));
    "SELECT $_, status FROM follow_user('$follower', '$following');"
} 1 .. $users);
# from a file: a pipe to a client that died would end the test
my $script = $node->basedir . '/walk.sql';
append_to_file($script, $walk);
my $enough = $clients * 200;

sub start_client
{
    my ($file) = @_;
    my %session = (said => '', errors => '');
    $session{run} = IPC::Run::start(
        [ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1', '-f', $file ],
        '>', \$session{said}, '2>', \$session{errors},
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    return \%session;
}

sub all_answered
{
    my $lines = 0;
    $lines += ($$_{said} =~ tr/\n//) for @_;
    return $lines;
}

sub died_early
{
    return scalar(grep { $_->{errors} =~ /server closed the connection|terminating connection|connection to server/ } @_);
}

# Lets the clients do much, and the server die.
sub crash_once_answered
{
    my (@sessions) = @_;
    while (all_answered(@sessions) < $enough)
    {
        last unless grep { $_->{run}->pumpable } @sessions;
        $_->{run}->pump_nb for @sessions;
        select(undef, undef, undef, 0.005);
    }
    $node->stop('immediate');
    foreach my $session (@sessions)
    {
        $session->{run}->finish;
        # a line that was cut off tells nothing
        $session->{said} =~ s/[^\n]*\z//;
    }
}

for my $round (1 .. 2)
{
    my @sessions = map { start_client($script) } 1 .. $clients;
    crash_once_answered(@sessions);
    my @answers = map { split /\n/, $_->{said} } @sessions;
    cmp_ok(died_early(@sessions), '>=', 1, "round $round: the server died while clients were following");
    is(scalar(grep { !/^\d+\|(already_)?following$/ } @answers) + scalar(grep { $_->{errors} =~ /ERROR:/ } @sessions), 0,
        "round $round: no other answer until then");

    $node->start;
    my %row = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q(
        SELECT ('x' || right(follower_id::text, 12))::bit(48)::bigint FROM public.user_follow));
    my %news;
    my $lost = 0;
    foreach my $answer (@answers)
    {
        my ($pair, $status) = split /\|/, $answer;
        $news{$pair}++ if $status eq 'following';
        $lost++ unless $row{$pair};
    }
    cmp_ok(scalar(keys %news), '>', 0, "round $round: there were new follows");
    is($lost, 0, "round $round: every follow that a client was told of is there");
    is(scalar(grep { $news{$_} > 1 } keys %news), 0, "round $round: none was new to two clients");
    is($node->safe_psql('postgres', q(SELECT count(*) = count(DISTINCT (follower_id, following_id)) FROM public.user_follow)),
        't', "round $round: no follow is there twice");
    check_indexes($node, 'postgres', "round $round: the indexes agree with the tables");

    my ($told) = grep { $row{$_} } sort { $a <=> $b } keys %news;
    is($node->safe_psql('postgres', follow($told, $told + 1)), 'already_following', "round $round: a follow from before is known");
    is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_locks WHERE objsubid >= 17)), 0,
        "round $round: no lock is left over");
    # the second round begins with new pairs
    $node->safe_psql('postgres', 'TRUNCATE public.user_follow');
    is($node->safe_psql('postgres', follow($told, $told + 1)), 'following', "round $round: and follows go on");
    $node->safe_psql('postgres', 'TRUNCATE public.user_follow');
}

#
# All that writes. Each client has users of its own, so that one knows what is there after each of its calls
#

my $own_users = 6;
my %status = (
    follow_user => [ 'following', 'already_following' ],
    unfollow_user => [ 'not_following', 'unfollowed' ],
    block_user => [ 'blocked', 'already_blocked' ],
    unblock_user => [ 'not_blocked', 'unblocked' ]);

# What a call answers, and what it makes of the edges.
sub expect_call
{
    my ($function, $who, $whom, $follows, $blocks) = @_;
    my $edges = $function =~ /block/ ? $blocks : $follows;
    my $answer = $status{$function}[ $$edges{"$who>$whom"} ? 1 : 0 ];
    delete @$follows{"$who>$whom", "$whom>$who"} if $function eq 'block_user';
    $$edges{"$who>$whom"} = 1;
    delete $$edges{"$who>$whom"} if $function =~ /^un/;
    return $answer;
}

sub expect_follow_users
{
    my ($who, $targets, $follows, $blocks) = @_;
    return join(' ', map {
        $$blocks{"$who>$_"} || $$blocks{"$_>$who"} ? 'blocked' : expect_call('follow_user', $who, $_, $follows, $blocks)
    } @$targets);
}

sub edges_as_text
{
    my ($follows, $blocks) = @_;
    return join(' ', (sort keys %$follows), '/', sort keys %$blocks);
}

# The calls of a client, with their answers and what is there after each.
sub random_calls
{
    my ($first) = @_;
    my (%follows, %blocks, @sql, @answers);
    my @states = (edges_as_text(\%follows, \%blocks));
    foreach my $number (1 .. 3000)
    {
        my ($who, $whom, @others) = shuffle($first .. $first + $own_users - 1);
        my $function = (sort keys %status)[ int(rand(4)) ];
        # a refused follow would end the client
        $function = 'unfollow_user' if $function eq 'follow_user' && ($blocks{"$who>$whom"} || $blocks{"$whom>$who"});
        if (rand() < 0.3)
        {
            @others = sort { $a <=> $b } $whom, @others;
            push @sql, sprintf(q(SELECT %d, string_agg(status::text, ' ' ORDER BY following_id) FROM follow_users('%s', ARRAY[%s]::uuid[]);),
                $number, user($who), join(', ', map { "'" . user($_) . "'" } @others));
            push @answers, "$number|" . expect_follow_users($who, \@others, \%follows, \%blocks);
        }
        else
        {
            push @sql, sprintf(q(SELECT %d, status FROM %s('%s', '%s');), $number, $function, user($who), user($whom));
            push @answers, "$number|" . expect_call($function, $who, $whom, \%follows, \%blocks);
        }
        push @states, edges_as_text(\%follows, \%blocks);
    }
    my $file = $node->basedir . "/calls_$first.sql";
    append_to_file($file, join("\n", @sql));
    return { first => $first, file => $file, answers => \@answers, states => \@states };
}

my $number_of = q(('x' || right(%s::text, 12))::bit(48)::bigint);
sub edges_of
{
    my ($table, $from, $to, $first) = @_;
    my ($a, $b) = map { sprintf($number_of, $_) } $from, $to;
    return split /\n/, $node->safe_psql('postgres', sprintf(
        "SELECT $a || '>' || $b FROM %s WHERE $a >= %d AND $a < %d", $table, $first, $first + $own_users));
}

# Others write the same few pairs meanwhile.
sub start_crowd
{
    my @scripts = map {
        my ($name, $sql) = @$_;
        my $file = $node->basedir . "/$name.sql";
        append_to_file($file, "\\set a random(2001, 2005)\n\\set b :a + random(1, 5)\nSELECT count(*) FROM $sql;\n");
        ('-f', $file);
    } [ 'crowd_follow', 'follow_users(user_no(:b), ARRAY[user_no(:a)])' ], [ 'crowd_follow_many', 'follow_users(user_no(:a), ARRAY[user_no(:b), user_no(2001), user_no(2011)])' ],
      [ 'crowd_unfollow', 'unfollow_user(user_no(:a), user_no(:b))' ], [ 'crowd_block', 'block_user(user_no(:a), user_no(:b))' ],
      [ 'crowd_unblock', 'unblock_user(user_no(:a), user_no(:b))' ];
    my %crowd = (said => '', errors => '');
    $crowd{run} = IPC::Run::start(
        [ 'pgbench', '-n', '-c', 4, '-T', 60, @scripts, $node->connstr('postgres') ],
        '<', \undef, '>', \my $report, '2>', \$crowd{errors}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    return \%crowd;
}

my @calls = map { random_calls(1 + $own_users * $_) } 0 .. $clients - 1;
my $crowd = start_crowd();
my @sessions = map { start_client($$_{file}) } @calls;
crash_once_answered(@sessions, $crowd);
cmp_ok(died_early(@sessions), '>=', 1, 'all that writes: the server died meanwhile');
is(scalar(() = $$crowd{errors} =~ /ERROR:/g), 0, 'all that writes: no error until then');
$node->start;
foreach my $client (0 .. $clients - 1)
{
    my ($known, $said) = ($calls[$client], $sessions[$client]{said});
    my @answers = split /\n/, $said;
    my $count = @answers;
    is($said, join('', map { "$_\n" } @{ $$known{answers} }[ 0 .. $count - 1 ]), "client $client: $count calls, each with the right answer");
    my %found = map { $_ => 1 } edges_of('user_follow', 'follower_id', 'following_id', $$known{first});
    my %blocks = map { $_ => 1 } edges_of('user_block', 'blocker_id', 'blocked_id', $$known{first});
    # the last call may have been committed without a word
    my $there = edges_as_text(\%found, \%blocks);
    my ($told) = grep { $there eq ($$known{states}[$_] // '') } $count, $count + 1;
    ok(defined $told, "client $client: what it was told is there") or diag("there: $there\ntold:  $$known{states}[$count]");
}
is( $node->safe_psql('postgres', q(
        SELECT count(*) FROM user_block b JOIN user_follow f ON (f.follower_id, f.following_id) IN ((b.blocker_id, b.blocked_id), (b.blocked_id, b.blocker_id)))),
    0, 'all that writes: no pair is blocked and following');
is($node->safe_psql('postgres', q(SELECT count(*) > 0 FROM user_follow WHERE follower_id >= user_no(2001))), 't',
    'all that writes: the crowd has followed');
check_indexes($node, 'postgres', 'all that writes: the indexes agree with the tables');

$node->stop;
done_testing();
