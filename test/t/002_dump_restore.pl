# The attached graph survives dump and restore, by a superuser and by the database's owner alone, and the extension goes
# without taking tables, rows or policies along.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('dump');
my $files = $node->basedir;

$node->safe_psql('postgres', q(
    CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE service_role BYPASSRLS;
    CREATE ROLE app_owner LOGIN; CREATE ROLE another_owner LOGIN;
));

# Runs a client program. All is well only if it has nothing to say.
sub quietly
{
    my ($name, @command) = @_;
    local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port);
    my ($stdout, $stderr);
    my $done = IPC::Run::run(\@command, '>', \$stdout, '2>', \$stderr);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(($done ? '' : 'failed: ') . $stderr, '', $name);
}

sub create_database
{
    my ($database, $owner) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $database OWNER $owner TEMPLATE template0");
}

# Runs SQL as one of the roles: what the owner does, it does without a superuser's help.
sub query_as
{
    my ($role, $database, $sql) = @_;
    return $node->safe_psql($database, $sql, extra_params => [ '-U', $role ]);
}

my $superuser = $node->safe_psql('postgres', 'SELECT current_user');

# What follow_user answers: the rows, or the SQLSTATE.
sub answer_as
{
    my ($role, $database, $sql) = @_;
    my ($result, $stdout, $stderr) =
      $node->psql($database, "\\set VERBOSITY verbose\n$sql", extra_params => [ '-U', $role ]);
    return $stderr =~ /(?:ERROR|FATAL): +([0-9A-Z]{5}):.*?(?:HINT: +(.*?))?(?:\n|$)/s ? $1 : $stdout;
}

sub hint_as
{
    my ($role, $database, $sql) = @_;
    my ($result, $stdout, $stderr) = $node->psql($database, $sql, extra_params => [ '-U', $role ]);
    return $stderr =~ /HINT: +(.*)/ ? $1 : '';
}

sub dump_as
{
    my ($role, $database, $to, @options) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    quietly("$to: $role dumps", 'pg_dump', '-U', $role, '-f', "$files/$to", @options, $database);
}

sub restore_plain_as
{
    my ($role, $from, $database) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    quietly("$from: $role restores into $database",
        'psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-d', $database, '-f', "$files/$from");
}

sub restore_as
{
    my ($role, $from, $database, @options) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    quietly("$from: $role restores into $database",
        'pg_restore', '--exit-on-error', '-U', $role, '-d', $database, @options, "$files/$from");
}

# All that people added to their tables, and the privileges of the extension's own objects.
my $definitions = q(
    SELECT c.oid::regclass || ' security ' || c.relrowsecurity || ' owner ' || c.relowner::regrole || ' ' || coalesce(c.relacl::text, '')
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    UNION ALL SELECT p::text FROM (SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies) p
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0
    UNION ALL SELECT oid::regprocedure || ' ' || proowner::regrole || ' ' ||
        array(SELECT a FROM unnest(coalesce(proacl, acldefault('f', proowner))) a ORDER BY a::text)::text
    FROM pg_proc WHERE probin LIKE '%follow_ext%' OR proname LIKE 'follow%'
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'user%' AND NOT tgisinternal
    UNION ALL SELECT extname || ' ' || extowner::regrole FROM pg_extension
    UNION ALL SELECT 'attached ' || g::text FROM public.follow_graph g
    ORDER BY 1
);
my $data = q(
    SELECT f::text FROM public.user_follow f UNION ALL SELECT b::text FROM public.user_block b
    UNION ALL SELECT u::text FROM auth.users u ORDER BY 1
);

sub is_whole
{
    my ($role, $source, $database) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($node->safe_psql($database, $definitions), $node->safe_psql($source, $definitions), "$database: definitions as in $source");
    is($node->safe_psql($database, $data), $node->safe_psql($source, $data), "$database: rows as in $source");
    graph_works($role, $database);
}

# The graph of load_as_owner: 1 follows 2 to 101, and 102 has blocked 1.
sub graph_works
{
    my ($role, $database) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(answer_as($role, $database, follow(1, 2)), 'already_following', "$database: a follow from before is known");
    is( answer_as($role, $database, sprintf(
            q(SELECT created_at = '2020-01-01 00:00+00' FROM follow_user('%s', '%s')), user(1), user(2))),
        't', "$database: with its time");
    is(answer_as($role, $database, follow(2, 1)), 'following', "$database: a new follow is new");
    is(answer_as($role, $database, follow(2, 1)), 'already_following', "$database: and known then");
    is(answer_as($role, $database, follow(1, 102)), 'PT403', "$database: a block from before counts");
    is(answer_as($role, $database, follow(1, 9999)), 'PT404', "$database: somebody who does not exist");
    my $signed_in = sign_in('authenticated', 3) . ';';
    is(answer_as($superuser, $database, $signed_in . follow(3, 4)), 'following', "$database: somebody signed in follows");
    is(answer_as($superuser, $database, $signed_in . follow(1, 2)), '42501', "$database: but not for somebody else");
    # so that it can be compared with its source again
    query_as($role, $database, sprintf(q(DELETE FROM user_follow WHERE follower_id IN ('%s', '%s')), user(2), user(3)));
}

# The app, by its owner from the first statement on. The roles are there, and only a superuser could change them.
sub load_as_owner
{
    my ($database) = @_;
    create_database($database, 'app_owner');
    my $schema = slurp_file(app_schema());
    $schema =~ s/^ALTER ROLE .*?;$//m;
    query_as('app_owner', $database, $schema);
    query_as('app_owner', $database, sprintf(q(
        %s;
        CREATE EXTENSION follow_ext;
        SELECT follow_attach_graph('user_follow', 'user_block');
        INSERT INTO auth.users (id) SELECT user_no(n) FROM generate_series(1, 200) n;
        INSERT INTO user_follow (follower_id, following_id, created_at)
        SELECT user_no(1), user_no(n), '2020-01-01 00:00+00' FROM generate_series(2, 101) n;
        INSERT INTO user_block (blocker_id, blocked_id) VALUES (user_no(102), user_no(1));
        CREATE INDEX "the owner's own" ON user_follow (created_at);
    ), $FollowTest::sql_user));
}

#
# By the owner, and by a superuser
#

load_as_owner('app');
dump_as('app_owner', 'app', 'owner.sql');
dump_as('app_owner', 'app', 'owner.dump', '-Fc');
dump_as('app_owner', 'app', 'owner_inserts.sql', '--inserts');
dump_as($superuser, 'app', 'superuser.sql');
dump_as($superuser, 'app', 'superuser.dump', '-Fc');

create_database('plain', 'app_owner');
restore_plain_as('app_owner', 'owner.sql', 'plain');
is_whole('app_owner', 'app', 'plain');

create_database('parallel', 'app_owner');
restore_as('app_owner', 'owner.dump', 'parallel', '-j2');
is_whole('app_owner', 'app', 'parallel');

restore_as('app_owner', 'owner.dump', 'parallel', '--clean', '--if-exists');
is_whole('app_owner', 'app', 'parallel');

create_database('inserts', 'app_owner');
restore_plain_as('app_owner', 'owner_inserts.sql', 'inserts');
is_whole('app_owner', 'app', 'inserts');

create_database('superuser_plain', 'app_owner');
restore_plain_as($superuser, 'superuser.sql', 'superuser_plain');
graph_works($superuser, 'superuser_plain');

create_database('superuser_parallel', 'app_owner');
restore_as($superuser, 'superuser.dump', 'superuser_parallel', '-j2');
graph_works($superuser, 'superuser_parallel');

# what was restored can be dumped and restored
dump_as('app_owner', 'plain', 'again.dump', '-Fc');
create_database('again', 'app_owner');
restore_as('app_owner', 'again.dump', 'again', '-j2');
is_whole('app_owner', 'plain', 'again');

# into the hands of somebody else
create_database('given_away', 'another_owner');
restore_as('another_owner', 'owner.dump', 'given_away', '--no-owner');
graph_works('another_owner', 'given_away');

#
# The schema alone, then the data
#

dump_as('app_owner', 'app', 'schema.sql', '--schema-only');
dump_as('app_owner', 'app', 'data.sql', '--data-only');
foreach my $database ('schema_only', 'in_two_steps')
{
    create_database($database, 'app_owner');
    restore_plain_as('app_owner', 'schema.sql', $database);
    is(answer_as('app_owner', $database, follow(1, 2)), '55000', "$database: no graph is attached");
    like(hint_as('app_owner', $database, follow(1, 2)), qr/follow_attach_graph/, "$database: the hint names the call");
}
query_as('app_owner', 'schema_only', q(SELECT follow_attach_graph('user_follow', 'user_block')));
query_as('app_owner', 'schema_only', q(INSERT INTO auth.users SELECT user_no(n) FROM generate_series(1, 9) n));
is(answer_as('app_owner', 'schema_only', follow(1, 2)), 'following', 'schema_only: works once attached');
is(answer_as('app_owner', 'schema_only', follow(1, 2)), 'already_following', 'schema_only: and answers again');
restore_plain_as('app_owner', 'data.sql', 'in_two_steps');
graph_works('app_owner', 'in_two_steps');

#
# Names and numbers of columns
#

# A dropped column is not restored, and all numbers behind it are lower by one. Here every number that is remembered leads
# to a column that would serve as well, or nearly.
create_database('columns', 'app_owner');
query_as('app_owner', 'columns', q(
    CREATE SCHEMA "My ""App""";
    CREATE SCHEMA follows;
    CREATE EXTENSION follow_ext SCHEMA follows;
    SET search_path = "My ""App""";
    CREATE TABLE "The Follows" (
        dropped int,
        "Who" uuid NOT NULL, "Whom" uuid NOT NULL, "And" uuid NOT NULL DEFAULT gen_random_uuid(),
        "since When" timestamptz DEFAULT '2020-01-01 00:00+00', "not When" timestamptz DEFAULT '1999-01-01 00:00+00',
        UNIQUE ("Who", "Whom"), UNIQUE ("Whom", "And"));
    CREATE TABLE "The Blocks" (
        dropped int,
        "Who" uuid NOT NULL, "Whom" uuid NOT NULL, "And" uuid NOT NULL DEFAULT gen_random_uuid(),
        UNIQUE ("Who", "Whom"), UNIQUE ("Whom", "And"));
    ALTER TABLE "The Follows" DROP dropped;
    ALTER TABLE "The Blocks" DROP dropped;
    SELECT follows.follow_attach_graph('"The Follows"', '"The Blocks"', 'Who', 'Whom', 'Who', 'Whom', 'since When');
) . sprintf(q(
    INSERT INTO "The Follows" ("Who", "Whom") VALUES ('%s', '%s');
    INSERT INTO "The Blocks" ("Who", "Whom") VALUES ('%s', '%s');
), map { user($_) } (1, 2, 3, 4)));

sub columns_work
{
    my ($database, $since) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $path = 'SET search_path = follows;';
    my $row = sprintf(q(SELECT status, created_at = '2020-01-01 00:00+00' FROM follow_user('%s', '%s')), user(1), user(2));
    is(answer_as('app_owner', $database, $path . $row), 'already_following|t', "$database: a follow from before is known, with its time");
    is(answer_as('app_owner', $database, $path . follow(4, 3)), 'PT403', "$database: a block from before counts");
    is(answer_as('app_owner', $database, $path . follow(5, 6)), 'following', "$database: a new follow");
    is( query_as('app_owner', $database, sprintf(
            q(SELECT count(*) FROM "My ""App"""."The Follows" WHERE "Who" = '%s' AND "Whom" = '%s'), user(5), user(6))),
        1, "$database: is in the right columns");
    query_as('app_owner', $database, sprintf(q(DELETE FROM "My ""App"""."The Follows" WHERE "Who" = '%s'), user(5)));
}
columns_work('columns');
dump_as('app_owner', 'columns', 'columns.sql');
dump_as('app_owner', 'columns', 'columns.dump', '-Fc');
create_database('columns_plain', 'app_owner');
restore_plain_as('app_owner', 'columns.sql', 'columns_plain');
is( query_as('app_owner', 'columns_plain', q(
        SELECT attnum FROM pg_attribute WHERE attrelid = '"My ""App"""."The Follows"'::regclass AND attname = 'Who')),
    1, 'columns_plain: the numbers have shifted');
columns_work('columns_plain');
create_database('columns_parallel', 'app_owner');
restore_as('app_owner', 'columns.dump', 'columns_parallel', '-j2');
columns_work('columns_parallel');

# A column that was renamed after the graph was attached is remembered under its old name.
create_database('renamed', 'app_owner');
query_as('app_owner', 'renamed', q(
    CREATE SCHEMA follows;
    CREATE EXTENSION follow_ext SCHEMA follows;
    CREATE TABLE f (follower_id uuid, following_id uuid, created_at timestamptz DEFAULT '2020-01-01 00:00+00', UNIQUE (follower_id, following_id));
    CREATE TABLE b (blocker_id uuid, blocked_id uuid, UNIQUE (blocker_id, blocked_id));
    SELECT follows.follow_attach_graph('f', 'b');
    ALTER TABLE f RENAME follower_id TO fan;
    ALTER TABLE f RENAME created_at TO since;
    ALTER TABLE b RENAME blocked_id TO unwanted;
) . sprintf(q(
    INSERT INTO f (fan, following_id) VALUES ('%s', '%s');
    INSERT INTO b (blocker_id, unwanted) VALUES ('%s', '%s');
), map { user($_) } (1, 2, 3, 4)));

sub renamed_works
{
    my ($database) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $path = 'SET search_path = follows;';
    my $row = sprintf(q(SELECT status, created_at = '2020-01-01 00:00+00' FROM follow_user('%s', '%s')), user(1), user(2));
    is(answer_as('app_owner', $database, $path . $row), 'already_following|t', "$database: a follow from before is known, with its time");
    is(answer_as('app_owner', $database, $path . follow(4, 3)), 'PT403', "$database: a block from before counts");
    is(answer_as('app_owner', $database, $path . follow(7, 8)), 'following', "$database: a new follow");
    query_as('app_owner', $database, sprintf(q(DELETE FROM f WHERE fan = '%s'), user(7)));
}
renamed_works('renamed');
dump_as('app_owner', 'renamed', 'renamed.dump', '-Fc');
create_database('renamed_restored', 'app_owner');
restore_as('app_owner', 'renamed.dump', 'renamed_restored', '-j2');
# The old names are gone and numbers of before the dump lead nowhere sure, so the graph has to be attached again.
is(answer_as('app_owner', 'renamed_restored', 'SET search_path = follows;' . follow(1, 2)), '55000', 'renamed_restored: no longer');
query_as('app_owner', 'renamed_restored', q(SELECT follows.follow_attach_graph('f', 'b', 'fan',
    blocked_column => 'unwanted', created_at_column => 'since')));
renamed_works('renamed_restored');
# Attached again after the rename and before the dump, the names are right.
query_as('app_owner', 'renamed', q(SELECT follows.follow_attach_graph('f', 'b', 'fan',
    blocked_column => 'unwanted', created_at_column => 'since')));
dump_as('app_owner', 'renamed', 'renamed_again.dump', '-Fc');
create_database('renamed_again', 'app_owner');
restore_as('app_owner', 'renamed_again.dump', 'renamed_again', '-j2');
renamed_works('renamed_again');

# Renamed, and a column before it dropped: neither name nor number lead to the pair. Then nothing may be written.
create_database('renamed_and_dropped', 'app_owner');
query_as('app_owner', 'renamed_and_dropped', q(
    CREATE EXTENSION follow_ext;
    CREATE TABLE f (id int, follower_id uuid, following_id uuid, unrelated uuid, UNIQUE (follower_id, following_id));
    CREATE TABLE b (blocker_id uuid, blocked_id uuid, UNIQUE (blocker_id, blocked_id));
    ALTER TABLE f DROP id;
    SELECT follow_attach_graph('f', 'b');
    ALTER TABLE f RENAME follower_id TO fan;
    ALTER TABLE f RENAME following_id TO star;
));
is(answer_as('app_owner', 'renamed_and_dropped', follow(1, 2)), 'following', 'renamed_and_dropped: works before the dump');
dump_as('app_owner', 'renamed_and_dropped', 'renamed_and_dropped.dump', '-Fc');
create_database('renamed_and_dropped_restored', 'app_owner');
restore_as('app_owner', 'renamed_and_dropped.dump', 'renamed_and_dropped_restored', '-j2');
is(answer_as('app_owner', 'renamed_and_dropped_restored', follow(3, 4)), '55000', 'renamed_and_dropped_restored: no longer');
like(hint_as('app_owner', 'renamed_and_dropped_restored', follow(3, 4)), qr/follow_attach_graph/,
    'renamed_and_dropped_restored: the hint names the call');
is(query_as('app_owner', 'renamed_and_dropped_restored', 'SELECT count(*) FROM f'), 1, 'renamed_and_dropped_restored: nothing was written');
query_as('app_owner', 'renamed_and_dropped_restored', q(SELECT follow_attach_graph('f', 'b', 'fan', 'star')));
is(answer_as('app_owner', 'renamed_and_dropped_restored', follow(1, 2)), 'already_following', 'renamed_and_dropped_restored: attached again');

# The same, but the number leads to a column that would do. Its name was never attached, so it must not be used: an answer
# without a time is right, and one with another column's time is not; no follow passes by a block.
create_database('misleading', 'app_owner');
query_as('app_owner', 'misleading', q(
    CREATE EXTENSION follow_ext;
    CREATE TABLE f (id int, follower_id uuid, following_id uuid, created_at timestamptz DEFAULT '2020-01-01 00:00+00',
        last_seen timestamptz DEFAULT '1999-01-01 00:00+00', UNIQUE (follower_id, following_id));
    CREATE TABLE b (id int, blocker_id uuid, blocked_id uuid, moderator_id uuid, UNIQUE (blocker_id, blocked_id),
        UNIQUE (blocked_id, moderator_id));
    ALTER TABLE f DROP id;
    ALTER TABLE b DROP id;
    SELECT follow_attach_graph('f', 'b');
    ALTER TABLE f RENAME created_at TO since;
) . sprintf(q(
    INSERT INTO f (follower_id, following_id) VALUES ('%s', '%s');
    INSERT INTO b (blocker_id, blocked_id) VALUES ('%s', '%s');
), map { user($_) } (1, 2, 3, 4)));
my $time = sprintf(q(SELECT coalesce(created_at = '2020-01-01 00:00+00', true) FROM follow_user('%s', '%s')), user(1), user(2));
is(answer_as('app_owner', 'misleading', $time), 't', 'misleading: the time is the renamed column\'s before the dump');
dump_as('app_owner', 'misleading', 'misleading_time.sql');
query_as('app_owner', 'misleading', 'ALTER TABLE b RENAME blocker_id TO who; ALTER TABLE b RENAME blocked_id TO whom');
is(answer_as('app_owner', 'misleading', follow(4, 3)), 'PT403', 'misleading: the block counts before the dump');
dump_as('app_owner', 'misleading', 'misleading_block.sql');
foreach my $what ('time', 'block')
{
    create_database("misleading_$what", 'app_owner');
    restore_plain_as('app_owner', "misleading_$what.sql", "misleading_$what");
}
is(answer_as('app_owner', 'misleading_time', $time), 't', 'misleading_time: no other column\'s time');
is(answer_as('app_owner', 'misleading_block', follow(4, 3)), '55000', 'misleading_block: no follow passes by the block');

#
# Attached tables that are gone
#

foreach my $gone ('user_follow', 'user_block', 'user_follow, user_block')
{
    my $database = 'without_' . $gone =~ s/\W+/_/gr;
    create_database($database, 'app_owner');
    restore_as('app_owner', 'owner.dump', $database, '-j2');
    query_as('app_owner', $database, "DROP TABLE $gone");
    dump_as('app_owner', $database, "$database.sql");
    dump_as('app_owner', $database, "$database.dump", '-Fc');
    create_database("${database}_plain", 'app_owner');
    restore_plain_as('app_owner', "$database.sql", "${database}_plain");
    create_database("${database}_parallel", 'app_owner');
    restore_as('app_owner', "$database.dump", "${database}_parallel", '-j2');
    foreach my $restored ("${database}_plain", "${database}_parallel")
    {
        is($node->safe_psql($restored, 'SELECT count(*) FROM follow_graph'), 0, "$restored: the graph was not dumped");
        is(answer_as('app_owner', $restored, follow(1, 2)), '55000', "$restored: no graph is attached");
    }
}

# A graph that the extension made.
create_database('created', 'app_owner');
query_as('app_owner', 'created', q(
    CREATE SCHEMA api;
    CREATE EXTENSION follow_ext SCHEMA api;
    CREATE TABLE public.users (id uuid PRIMARY KEY);
    SELECT api.follow_create_graph('public', 'public.users', 'everyone', '{authenticated}');
    GRANT USAGE ON SCHEMA api TO authenticated;
) . sprintf(q(INSERT INTO public.users VALUES ('%s'), ('%s'), ('%s')), map { user($_) } (1, 2, 3)));
dump_as('app_owner', 'created', 'created.dump', '-Fc');
create_database('created_restored', 'app_owner');
restore_as('app_owner', 'created.dump', 'created_restored', '-j2');
my $created_definitions = $definitions =~ s/public\.follow_graph/api.follow_graph/r;
is($node->safe_psql('created_restored', $created_definitions), $node->safe_psql('created', $created_definitions),
    'created_restored: definitions as in created');
my $signed_in = sign_in('authenticated', 1) . '; SET search_path = api;';
is(answer_as($superuser, 'created_restored', $signed_in . follow(1, 2)), 'following', 'created_restored: a new follow');
is(answer_as($superuser, 'created_restored', $signed_in . follow(1, 2)), 'already_following', 'created_restored: and again');
is(answer_as($superuser, 'created_restored', $signed_in . follow(2, 3)), '42501', 'created_restored: not for somebody else');

#
# Who may write the catalog: a restore, and nobody else
#

my $row = q(INSERT INTO follow_graph (follow_table, follower_column, follower_number, following_column, following_number,
    block_table, blocker_column, blocker_number, blocked_column, blocked_number)
    VALUES ('%s', 'follower_id', 2, 'following_id', 3, '%s', 'blocker_id', 2, 'blocked_id', 3));
create_database('intruder', 'app_owner');
restore_as('app_owner', 'owner.dump', 'intruder', '-j2');
query_as('app_owner', 'intruder', 'SELECT follow_detach_graph()');
$node->safe_psql('intruder', q(
    CREATE TABLE their_follow (LIKE user_follow INCLUDING ALL);
    CREATE TABLE their_block (LIKE user_block INCLUDING ALL);
    GRANT ALL ON their_follow, their_block TO app_owner;
));
is(answer_as('app_owner', 'intruder', sprintf($row, 'their_follow', 'their_block')), '42501', q(the database's owner cannot attach others' tables by hand));
is(answer_as('app_owner', 'intruder', sprintf($row, 'user_follow', 'their_block')), '42501', 'nor one of them');
is(answer_as('app_owner', 'intruder', sprintf($row, 'their_follow', 'user_block')), '42501', 'nor the other');
is(answer_as('app_owner', 'intruder', sprintf($row, '1', '2')), '42P01', 'nor tables that do not exist');
is(answer_as('app_owner', 'intruder', follow(1, 2)), '55000', 'so that nothing is attached');
is(answer_as('app_owner', 'intruder', sprintf($row, 'user_follow', 'user_block')), '', 'its own it can, as a restore does');
is(answer_as('app_owner', 'intruder', follow(1, 2)), 'already_following', 'and they serve');
is(answer_as('app_owner', 'intruder', $_), '42501', "$_ is for nobody")
  foreach ('DELETE FROM follow_graph', q(UPDATE follow_graph SET follow_table = 'their_follow'), 'TRUNCATE follow_graph');
is(answer_as($superuser, 'intruder', "SET ROLE authenticated; $_"), '42501', "$_ is not for a signed-in user")
  foreach ('SELECT FROM follow_graph', sprintf($row, 'user_follow', 'user_block'));

#
# Without the extension
#

my $tables_only = q(
    SELECT p::text FROM (SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies) p
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'user%'
    UNION ALL SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE '%user%' AND tgname NOT LIKE '%follow_ext%'
    UNION ALL SELECT f::text FROM public.user_follow f UNION ALL SELECT b::text FROM public.user_block b
    ORDER BY 1
);
create_database('never_attached', 'app_owner');
restore_as('app_owner', 'owner.dump', 'never_attached', '-j2');
foreach my $database ('detached', 'not_detached')
{
    my $detach = $database eq 'detached' ? 'SELECT follow_detach_graph()' : 'SELECT 1';
    my $cascade = $database eq 'detached' ? '' : ' CASCADE';
    create_database($database, 'app_owner');
    restore_as('app_owner', 'owner.dump', $database, '-j2');
    my $before = $node->safe_psql($database, $tables_only);
    query_as('app_owner', $database, $detach);
    is(answer_as('app_owner', $database, "DROP EXTENSION follow_ext$cascade"), '', "$database: DROP EXTENSION$cascade works");
    is($node->safe_psql($database, $tables_only), $before, "$database: tables, rows, indexes and policies stay");
    is($node->safe_psql($database, q(SELECT count(*) FROM pg_proc WHERE probin LIKE '%follow_ext%')), 0, "$database: no function stays");
    dump_as('app_owner', $database, "$database.dump", '-Fc');
    create_database("${database}_restored", 'app_owner');
    restore_as('app_owner', "$database.dump", "${database}_restored", '-j2');
    query_as('app_owner', "${database}_restored", q(CREATE EXTENSION follow_ext; SELECT follow_attach_graph('user_follow', 'user_block')));
    graph_works('app_owner', "${database}_restored");
}

# The policies that the extension made do not need it either.
foreach my $database ('created_detached', 'created_not_detached')
{
    my $detach = $database eq 'created_detached' ? 'SELECT api.follow_detach_graph()' : 'SELECT 1';
    my $cascade = $database eq 'created_detached' ? '' : ' CASCADE';
    create_database($database, 'app_owner');
    restore_as('app_owner', 'created.dump', $database, '-j2');
    my $before = $node->safe_psql($database, $tables_only);
    query_as('app_owner', $database, $detach);
    is(answer_as('app_owner', $database, "DROP EXTENSION follow_ext$cascade"), '', "$database: DROP EXTENSION$cascade works");
    is($node->safe_psql($database, $tables_only), $before, "$database: tables, rows, indexes and policies stay");
}

#
# pg_upgrade, here to the same version: numbers of columns and tables stay as they are
#

my $upgraded = PostgreSQL::Test::Cluster->new('upgraded');
$upgraded->init;
$upgraded->append_conf('postgresql.conf', $FollowTest::quiet);
# each database takes its time
foreach my $database (split /\n/, $node->safe_psql('postgres', 'SELECT datname FROM pg_database WHERE NOT datistemplate'))
{
    $node->safe_psql('postgres', "DROP DATABASE $database") unless $database =~ /^(postgres|app|columns|renamed_and_dropped)$/;
}
my $rows = $node->safe_psql('app', $data);
# pg_upgrade makes extensions its superuser's own, whoever created them
$definitions =~ s/^.* FROM pg_extension\n//m;
my $definitions_before = $node->safe_psql('app', $definitions);
$node->stop;
my $bin = $node->config_data('--bindir');
chdir $files or die "cannot go to $files: $!";
command_ok(
    [ 'pg_upgrade', '--no-sync', '-b', $bin, '-B', $bin, '-d', $node->data_dir, '-D', $upgraded->data_dir,
        '-s', $node->host, '-p', $node->port, '-P', $upgraded->port ],
    'pg_upgrade');
$upgraded->start;
$node = $upgraded;
is($node->safe_psql('app', $data), $rows, 'pg_upgrade: the rows are as before');
is($node->safe_psql('app', $definitions), $definitions_before, 'pg_upgrade: the definitions are as before');
graph_works('app_owner', 'app');
columns_work('columns');
is(answer_as('app_owner', 'renamed_and_dropped', follow(1, 2)), 'already_following', 'pg_upgrade: renamed columns are found by their numbers');

$node->stop;
done_testing();
