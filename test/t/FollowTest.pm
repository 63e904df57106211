# What the TAP tests of follow_ext share.
package FollowTest;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  start_node app_schema load_app add_users user follow default_store store_used
  open_session ask report check_indexes sign_in
);

# Log every statement of a million and the disk is full; the servers here are thrown away.
our $quiet = "log_statement = none\nlog_min_messages = fatal\nautovacuum_naptime = 10min\n";

# A running server on a Unix socket.
sub start_node
{
    my ($name, $conf) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init;
    $node->append_conf('postgresql.conf', $quiet . ($conf // ''));
    $node->start;
    return $node;
}

sub app_schema
{
    return "$FindBin::RealBin/../app/schema.sql";
}

# The app's schema with the extension attached to it, and $users users.
sub load_app
{
    my ($node, $database, $users) = @_;
    $node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-f', app_schema() ],
        "the app's schema is loaded into $database");
    $node->safe_psql($database, q(
        CREATE EXTENSION follow_ext;
        SELECT follow_attach_graph('public.user_follow', 'public.user_block');
    ));
    add_users($node, $database, 1, $users) if $users;
}

# The uuid of the user with this number: the same in every test and in SQL.
sub user
{
    return sprintf('00000000-0000-4000-8000-%012x', shift);
}

# user() in SQL, for tests that make their pairs in the server.
our $sql_user = q(
    CREATE FUNCTION user_no(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
);

sub add_users
{
    my ($node, $database, $first, $last) = @_;
    $node->safe_psql($database, qq(
        INSERT INTO auth.users (id)
        SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid FROM generate_series($first, $last) n
    ));
}

# SQL for one follow, by the users' numbers.
sub follow
{
    my ($follower, $following) = @_;
    return sprintf("SELECT status FROM follow_user('%s', '%s')", user($follower), user($following));
}

# The store of a plain table: direct, unless the server is set to statements.
sub default_store
{
    my ($node) = @_;
    my $setting = $node->safe_psql('postgres', q(SELECT current_setting('follow_ext.store', true)));
    return $setting eq 'spi' ? 'spi' : 'direct';
}

# The stores that serve a superuser.
sub store_used
{
    my ($node) = @_;
    return $node->safe_psql('postgres', q(SELECT string_agg(DISTINCT store, ' ') FROM follow_explain()));
}

# SQL that makes the session a signed-in user's, as PostgREST does.
sub sign_in
{
    my ($role, $number) = @_;
    return sprintf(q(SET ROLE %s; SET request.jwt.claims = '{"sub": "%s"}'), $role, user($number));
}

# A session that stays, so that what it has cached stays too; errors do not end it.
sub open_session
{
    my ($node, $database, %params) = @_;
    my $session = $node->background_psql($database, on_error_stop => 0, %params);
    # a time limit for each query, not for the session
    $session->set_query_timer_restart;
    ask($session, '\set VERBOSITY verbose');
    return $session;
}

# What the session answers: the rows, or the SQLSTATE of the error.
sub ask
{
    my ($session, $sql) = @_;
    my ($answer) = report($session, $sql);
    return $answer;
}

# As ask, with everything that was said to stderr.
sub report
{
    my ($session, $sql) = @_;
    $session->{stderr} = '';
    my $rows = $session->query($sql);
    my $said = $session->{stderr};
    $session->{stderr} = '';
    return ($1, $said) if $said =~ /(?:ERROR|FATAL|PANIC): +([0-9A-Z]{5}):/;
    return ($rows, $said);
}

# Both tables, and each of their B-trees against its heap.
sub check_indexes
{
    my ($node, $database, $name) = @_;
    my ($result, $stdout, $stderr) = $node->psql($database, q(
        SET client_min_messages = warning;
        CREATE EXTENSION IF NOT EXISTS amcheck;
        SELECT bt_index_parent_check(i.indexrelid, true) FROM pg_index i
        WHERE i.indrelid IN ('public.user_follow'::regclass, 'public.user_block'::regclass);
        SELECT r, h.* FROM unnest(ARRAY['public.user_follow', 'public.user_block']::regclass[]) r, verify_heapam(r) h;
    ));
    is("$result " . $stdout =~ s/^\n*//r . $stderr, '0 ', $name);
}

1;
