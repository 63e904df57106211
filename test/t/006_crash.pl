# The server dies while many clients follow. What a client was told is true afterwards, and no follow is there twice.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 8;
my $users = 3000;
my $node = start_node('crash');
load_app($node, 'postgres', $users + 1);

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

sub all_answered
{
    my $lines = 0;
    $lines += ($$_{said} =~ tr/\n//) for @_;
    return $lines;
}

for my $round (1 .. 2)
{
    my @sessions = map {
        my %session = (said => '', errors => '');
        $session{run} = IPC::Run::start(
            [ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1', '-f', $script ],
            '>', \$session{said}, '2>', \$session{errors},
            IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
        \%session;
    } 1 .. $clients;
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
    my @answers = map { split /\n/, $_->{said} } @sessions;
    cmp_ok(scalar(grep { $_->{errors} =~ /server closed the connection|terminating connection|connection to server/ } @sessions),
        '>=', 1, "round $round: the server died while clients were following");
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

$node->stop;
done_testing();
