# Where nothing can be written, follow_user says so, about what is there already too: an answer must not depend on it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', $FollowTest::quiet);
$primary->start;
load_app($primary, 'postgres', 20);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

is($primary->safe_psql('postgres', follow(1, 2)), 'following', 'a follow on the primary');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my $edges = q(SELECT string_agg(f::text, ' ' ORDER BY id) FROM public.user_follow f);
my $on_primary = $primary->safe_psql('postgres', $edges);
is($standby->safe_psql('postgres', $edges), $on_primary, 'the standby has it');

my %refused = (
    'a new follow' => follow(1, 3),
    'a repeated follow' => follow(1, 2),
    'a follow of somebody who does not exist' => follow(1, 999),
    'a follow of oneself' => follow(1, 1),
    'a follow of nobody' => sprintf("SELECT follow_user('%s', NULL)", user(1)),
    'a new follow of the caller' => sprintf("SELECT follow_user('%s')", user(3)),
    'a repeated follow of the caller' => sprintf("SELECT follow_user('%s')", user(2)),
    'attach' => q(SELECT follow_attach_graph('user_follow', 'user_block')),
    'detach' => 'SELECT follow_detach_graph()');

# As a superuser, and as the role of a signed-in user.
sub is_refused
{
    my ($node, $where, $before, $after) = @_;
    my $session = open_session($node, 'postgres');
    foreach my $who ('RESET ROLE', sign_in('authenticated', 1))
    {
        ask($session, $who);
        my $role = ask($session, 'SELECT current_user');
        foreach my $what (sort keys %refused)
        {
            # administration is not for everybody
            next if $role eq 'authenticated' && $what =~ /attach|detach/;
            ask($session, $before);
            is(ask($session, $refused{$what}), '25006', "$where, $what as " . ($role eq 'authenticated' ? $role : 'superuser'));
            ask($session, $after);
        }
    }
    is(ask($session, 'SELECT follow_caller_id()'), user(1), "$where, who is signed in can be asked");
    return $session;
}

my $session = is_refused($standby, 'standby', 'BEGIN', 'ROLLBACK');
is_refused($primary, 'READ ONLY transaction', 'BEGIN READ ONLY', 'ROLLBACK')->quit;
is_refused($primary, 'read-only session', 'SET default_transaction_read_only = on', 'RESET default_transaction_read_only')->quit;
is($primary->safe_psql('postgres', $edges), $on_primary, 'nothing was written');

# READ ONLY begins in the middle of a transaction that has followed.
my $writer = open_session($primary, 'postgres');
ask($writer, 'BEGIN');
is(ask($writer, follow(5, 6)), 'following', 'a follow in a transaction');
ask($writer, 'SAVEPOINT s; SET TRANSACTION READ ONLY');
is(ask($writer, follow(5, 6)), '25006', 'that became read-only');
ask($writer, 'ROLLBACK');
is(ask($writer, follow(5, 6)), 'following', 'and in the next one');
$writer->quit;

$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
$on_primary = $primary->safe_psql('postgres', $edges);
$primary->stop;
$standby->promote;
ok($standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()'), 'the standby was promoted');
is(ask($session, $edges), $standby->safe_psql('postgres', "SET ROLE authenticated; SET request.jwt.claims = '{\"sub\": \"" . user(1) . "\"}'; $edges"),
    'a session from before is still there');
is(ask($session, follow(1, 2)), 'already_following', 'it is told of the follow on the old primary');
is(ask($session, follow(1, 3)), 'following', 'it can follow');
is(ask($session, follow(1, 3)), 'already_following', 'and follow again');
is($standby->safe_psql('postgres', follow(5, 6)), 'already_following', 'and so can others');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM public.user_follow'), 3, 'three rows');
check_indexes($standby, 'postgres', 'the indexes agree with the table');

$session->quit;
$standby->stop;
done_testing();
