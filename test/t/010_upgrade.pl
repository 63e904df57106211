# From older releases to this one: the old SQL works with the new library until the upgrade, which tells what to grant again, and
# what it leaves is what a new installation has.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('upgrade');
my $files = $node->basedir;
my $odd = '"My App"';

$node->safe_psql('postgres', q(
    CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE service_role BYPASSRLS;
    CREATE ROLE administrator; CREATE ROLE "Another ""One"""; CREATE ROLE third;
));

sub query
{
    my ($database, $sql) = @_;
    return $node->safe_psql($database, $sql);
}

# What psql says to stderr, and nothing else may go wrong.
sub said_by
{
    my ($database, $sql) = @_;
    my ($result, $stdout, $stderr) = $node->psql($database, $sql);
    is($result, 0, "$database: $sql");
    return $stderr;
}

# The rows, or the SQLSTATE.
sub answer
{
    my ($database, $sql) = @_;
    my ($result, $stdout, $stderr) = $node->psql($database, "\\set VERBOSITY verbose\n$sql");
    return $stderr =~ /ERROR: +([0-9A-Z]{5}):/ ? $1 : $stdout;
}

# A platform's default privileges, which name roles: they reach what an upgrade creates too.
sub create_database
{
    my ($database, $schema) = @_;
    query('postgres', "CREATE DATABASE $database");
    query($database, "SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS $schema; ALTER DEFAULT PRIVILEGES IN SCHEMA $schema GRANT ALL ON FUNCTIONS TO anon, authenticated");
}

# All that the extension consists of, but for its version.
my $everything = q(
    WITH members AS (
        SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'follow_ext'
    ), functions AS (
        SELECT p.* FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    ), relations AS (
        SELECT c.* FROM pg_class c JOIN members m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
    ), types AS (
        SELECT t.* FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
    )
    SELECT 'member ' || pg_describe_object(classid, objid, 0) FROM members
    UNION ALL SELECT 'comment ' || pg_describe_object(m.classid, m.objid, 0) || ' ' || d.description
        FROM members m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
    UNION ALL SELECT 'no comment ' || pg_describe_object(m.classid, m.objid, 0) FROM members m
        WHERE obj_description(m.objid, m.classid::regclass::name) IS NULL
    UNION ALL SELECT pg_get_functiondef(oid) || ' ' || prosrc || ' ' || coalesce(probin, '') || ' ' || proowner::regrole FROM functions
    UNION ALL SELECT 'acl ' || oid::regprocedure || array(SELECT a FROM unnest(coalesce(proacl, acldefault('f', proowner))) a ORDER BY a::text)::text
        FROM functions
    UNION ALL SELECT 'acl ' || oid::regclass || array(SELECT a FROM unnest(coalesce(relacl, acldefault('r', relowner))) a ORDER BY a::text)::text
        FROM relations
    UNION ALL SELECT 'acl ' || oid::regtype || array(SELECT a FROM unnest(coalesce(typacl, acldefault('T', typowner))) a ORDER BY a::text)::text
        FROM types
    UNION ALL SELECT 'labels ' || enumtypid::regtype || string_agg(enumlabel, ',' ORDER BY enumsortorder)
        FROM pg_enum WHERE enumtypid IN (SELECT oid FROM types) GROUP BY enumtypid
    UNION ALL SELECT 'columns ' || attrelid::regclass || string_agg(format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, attnum), ',' ORDER BY attnum)
        FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
            AND (attrelid IN (SELECT typrelid FROM types) OR attrelid IN (SELECT oid FROM relations WHERE relkind = 'r')) GROUP BY attrelid
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM relations)
    UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN (SELECT oid FROM relations)
    UNION ALL SELECT format('extension %s %s %s %s %s', extname, extnamespace::regnamespace, extversion, extrelocatable,
            array(SELECT c::regclass FROM unnest(extconfig) c)::text || extcondition::text) FROM pg_extension
    ORDER BY 1
);

my $grants = q(
    SELECT p.proname || ' ' || pg_get_function_identity_arguments(p.oid) || ' ' || a.grantee::regrole || ' ' || a.is_grantable
    FROM pg_proc p, aclexplode(p.proacl) a
    WHERE p.proname LIKE 'follow_%_graph' AND a.grantee::regrole::text IN ('administrator', 'third', '"Another ""One"""')
    ORDER BY 1
);

#
# 0.1.0's SQL with the library of today
#

query('postgres', 'CREATE DATABASE app');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('app'), '-f', app_schema() ], 'the app');
query('app', q(CREATE EXTENSION follow_ext VERSION '0.1.0'));
add_users($node, 'app', 1, 50);
my $attach_of_old = q(SELECT follow_attach_graph('user_follow', 'user_block', 'follower_id', 'following_id', 'blocker_id', 'blocked_id', 'created_at'));

sub works
{
    my ($when) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    query('app', sprintf(q(TRUNCATE user_follow, user_block; INSERT INTO user_block (blocker_id, blocked_id) VALUES ('%s', '%s')), user(4), user(1)));
    is(answer('app', follow(1, 2)), 'following', "$when: a new follow");
    is(answer('app', follow(1, 2)), 'already_following', "$when: and again");
    is(answer('app', follow(1, 4)), 'PT403', "$when: a block counts");
    is(answer('app', follow(1, 999)), 'PT404', "$when: nobody");
    is(answer('app', sign_in('authenticated', 1) . q(; SELECT follow_caller_id())), user(1), "$when: the caller");
    is(answer('app', sign_in('authenticated', 1) . sprintf(q(; SELECT status FROM follow_user('%s')), user(3))), 'following', "$when: the caller follows");
    is(answer('app', sign_in('authenticated', 1) . '; ' . follow(2, 3)), '42501', "$when: but not for somebody else");
}

my $guards = q(SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('user_follow'::regclass, 'user_block'::regclass) AND NOT tgisinternal);

is(answer('app', follow(1, 2)), '55000', 'old SQL: not attached yet');
query('app', $attach_of_old);
works('old SQL');
is(query('app', $guards), 0, 'old SQL: it knows no guards');
query('app', 'SELECT follow_detach_graph()');
is(answer('app', follow(1, 2)), '55000', 'old SQL: detached');
query('app', $attach_of_old);
works('old SQL, attached again');

# who was granted administration
query('app', q(
    GRANT EXECUTE ON FUNCTION follow_attach_graph TO administrator WITH GRANT OPTION;
    GRANT EXECUTE ON FUNCTION follow_attach_graph TO "Another ""One""";
    GRANT EXECUTE ON FUNCTION follow_create_graph TO third;
    GRANT EXECUTE ON FUNCTION follow_detach_graph TO administrator;
    SET ROLE administrator;
    GRANT EXECUTE ON FUNCTION follow_attach_graph TO third;
));
my $granted = query('app', $grants);
is(scalar(split /\n/, $granted), 5, 'grants on the functions that are replaced');

# a session that has called the old functions
my $session = open_session($node, 'app');
is(ask($session, follow(1, 2)), 'already_following', 'a session from before');

#
# The upgrade
#

my $said = said_by('app', 'ALTER EXTENSION follow_ext UPDATE');
like($said, qr/(NOTICE|WARNING): +the guards of this release are not on the attached tables yet\nHINT: .*follow_attach_graph.*\n?$/, 'the upgrade tells of the guards');
is(query('app', q(SELECT extversion FROM pg_extension WHERE extname = 'follow_ext')), '0.3.0', 'it is this release');
is(query('app', $grants), '', 'the grants on the functions that are replaced are gone');
like($said, qr/WARNING: +privileges on the functions that this release replaces are gone\nHINT: +Run: (GRANT EXECUTE .*;)\n/, 'and the upgrade says how to make them again');
my ($again) = $said =~ /Run: (GRANT EXECUTE .*;)\n/;
query('app', $again);
is(query('app', $grants) =~ s/, guards boolean(, remove_blocked_follows boolean)?//gr, $granted, 'then they are as before');
is(ask($session, follow(1, 2)), 'already_following', 'the session from before goes on');
is(ask($session, follow(1, 5)), 'following', 'and follows');
$session->quit;
works('upgraded');

# Until the tables are attached again, only the functions keep the rules.
my $insert = sprintf(q(INSERT INTO user_follow (follower_id, following_id) VALUES ('%s', '%s')), user(4), user(1));
is(query('app', $guards), 0, 'upgraded: no guards yet');
is(answer('app', $insert), '', 'upgraded: a plain INSERT passes by a block');
like(said_by('app', q(SELECT follow_attach_graph('user_follow', 'user_block', remove_blocked_follows => true))),
    qr/NOTICE: +removed 1 follow/, 'attached again: that follow is removed');
is(query('app', $guards), 4, 'attached again: the guards are on');
is(answer('app', $insert), 'PT403', 'attached again: a plain INSERT is refused');
works('attached again');

# a dump of it
my $dump = "$files/app.sql";
{
    local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port);
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'pg_dump', '-f', $dump, 'app' ], '2>', \$err);
    is($err, '', 'the upgraded database is dumped');
    query('postgres', 'CREATE DATABASE restored');
    IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'restored', '-f', $dump ], '>', \$out, '2>', \$err);
    is($err, '', 'and restored');
}
is(answer('restored', follow(1, 2)), 'already_following', 'restored: a follow from before');
is(answer('restored', $insert), 'PT403', 'restored: the guards are on');
is(query('restored', $everything), query('app', $everything), 'restored: the extension is the same, and what was granted on it');

#
# The same as a new installation, in a plain schema and in an odd one
#

foreach my $schema ('public', $odd)
{
    my $name = $schema eq 'public' ? 'plain' : 'odd';
    create_database("${name}_$_", $schema) foreach ('fresh', 'upgraded', 'from_0_2_0', 'with_graph');
    query("${name}_fresh", "CREATE EXTENSION follow_ext SCHEMA $schema");
    query("${name}_upgraded", "CREATE EXTENSION follow_ext SCHEMA $schema VERSION '0.1.0'");
    is(said_by("${name}_upgraded", 'ALTER EXTENSION follow_ext UPDATE'), '', "$name: without a graph the upgrade has nothing to say");
    query("${name}_from_0_2_0", "CREATE EXTENSION follow_ext SCHEMA $schema VERSION '0.2.0'");
    is(said_by("${name}_from_0_2_0", 'ALTER EXTENSION follow_ext UPDATE'), '', "$name: nor has the upgrade from 0.2.0");
    query("${name}_with_graph", qq(
        CREATE EXTENSION follow_ext SCHEMA $schema VERSION '0.1.0';
        SET search_path = $schema;
        CREATE SCHEMA data;
        CREATE TABLE data.users (id uuid PRIMARY KEY);
        SELECT follow_create_graph('data', 'data.users', 'everyone', '{authenticated}');
    ) . sprintf(q(INSERT INTO data.users VALUES ('%s'), ('%s')), user(1), user(2)));
    is(answer("${name}_with_graph", "SET search_path = $schema;" . follow(1, 2)), 'following', "$name: a graph that 0.1.0's SQL made");
    like(said_by("${name}_with_graph", 'ALTER EXTENSION follow_ext UPDATE'), qr/the guards of this release are not on/, "$name: with one it tells of the guards");

    my $fresh = query("${name}_fresh", $everything);
    cmp_ok(scalar(() = $fresh =~ /^member function/mg), '>', 20, "$name: functions to compare");
    # but for types that come with another, which later releases of PostgreSQL count as members
    unlike($fresh, qr/^no comment (?!type .*(\[\]|follow_graph)$)(function|type|table)/m, "$name: everything has a comment");
    is(query("${name}_$_", $everything), $fresh, "${name}_$_: upgraded is as new") foreach ('upgraded', 'from_0_2_0', 'with_graph');

    # Default privileges gave EXECUTE to everybody signed in: not on what administers or counts.
    is( query("${name}_upgraded", q(
            SELECT string_agg(DISTINCT proname, ' ') FROM pg_proc p, aclexplode(p.proacl) a
            WHERE p.probin LIKE '%follow_ext%' AND a.grantee = 'authenticated'::regrole
                AND proname ~ '^follow_(attach_graph|detach_graph|create_graph|counts|graph_changed)')),
        '', "$name: administration is nobody's by default privileges");

    # with the arguments of the first time
    query("${name}_with_graph", "SET search_path = $schema; SELECT follow_attach_graph('data.user_follow', 'data.user_block')");
    query("${name}_fresh", qq(
        SET search_path = $schema;
        CREATE SCHEMA data;
        CREATE TABLE data.users (id uuid PRIMARY KEY);
        SELECT follow_create_graph('data', 'data.users', 'everyone', '{authenticated}');
    ));
    my $tables = q(
        SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'data.%' AND NOT tgisinternal
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'data'
        UNION ALL SELECT p::text FROM pg_policies p
        UNION ALL SELECT oid::regclass || coalesce(relacl::text, '') FROM pg_class WHERE relnamespace = 'data'::regnamespace
        ORDER BY 1
    );
    is(query("${name}_with_graph", $tables), query("${name}_fresh", $tables), "$name: the tables of 0.1.0, attached again, are those of today");
}

$node->stop;
done_testing();
