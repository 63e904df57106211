# At SERIALIZABLE, of two who look whether the other follows somebody, and else do so themselves, one has to try again: with
# plain SQL and with rows that are read and written without a statement.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('write_skew');
load_app($node, 'postgres', 50);
is(store_used($node), default_store($node), 'the store is the one that is meant');

my @sessions = map { open_session($node, 'postgres') } (1, 2);
my $person = 1;

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
        is($node->safe_psql('postgres', sprintf(q(SELECT count(*) FROM user_follow WHERE following_id = '%s' AND follower_id IN ('%s', '%s')),
                user($c), user($a), user($b))), 1,
            "$how, $first: one follows");
        ask($_, 'ROLLBACK') foreach @in_order;
    }
}
$_->quit foreach @sessions;

check_indexes($node, 'postgres', 'the indexes agree with the tables');
$node->stop;
done_testing();
