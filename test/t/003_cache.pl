# A session keeps what it knows of the graph. Whatever another session does to it must be seen at the next call.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use FollowTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('cache');
load_app($node, 'postgres', 1200);

# The session with the warm cache. All changes come from others.
my $warm = open_session($node, 'postgres');

# Users 1 to 1000 make a new pair for each call; 1001 and 1002 are the pair that is there already.
my $next_user = 1;
my @known = (1001, 1002);

sub new_pair
{
    my @pair = ($next_user, $next_user + 1);
    $next_user += 2;
    return @pair;
}

sub change
{
    return $node->safe_psql('postgres', shift);
}

# Whoever calls next must not have to build the cache: both statements have run.
sub warm_up
{
    ask($warm, follow(@known));
    is(ask($warm, follow(@known)), 'already_following', 'the session is warm');
}

# Both ways through follow_user: a new pair, and one that was there.
sub works
{
    my ($name, $session) = @_;
    $session //= $warm;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @pair = new_pair();
    my @answers = map { ask($session, follow(@$_)) } (\@pair, \@pair, \@known);
    # after a change of tables the known pair may be new
    $answers[2] = 'known' if $answers[2] =~ /^(already_)?following$/;
    is("@answers", 'following already_following known', $name);
    return @pair;
}

sub refused
{
    my ($state, $name, $session) = @_;
    $session //= $warm;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(join(' ', map { ask($session, follow(@$_)) } ([ new_pair() ], \@known)), "$state $state", $name);
}

# 55000 has to say which call helps.
sub refused_as_unusable
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    refused('55000', $name);
    my ($state, $said) = report($warm, follow(@known));
    like($said, qr/HINT: .*follow_attach_graph/, "$name, and the hint names the call");
}

sub rows_of
{
    my ($table, $follower, $following, @pair) = @_;
    return change(sprintf(q(SELECT count(*) FROM %s WHERE %s = '%s' AND %s = '%s'),
        $table, $follower, user($pair[0]), $following, user($pair[1])));
}

my $attach = q(SELECT follow_attach_graph('public.user_follow', 'public.user_block'));

#
# Columns
#

warm_up();
change(q(ALTER TABLE user_follow ADD COLUMN note text NOT NULL DEFAULT 'first'));
my @pair = works('a column with a default was added');
is(change("SELECT note FROM user_follow WHERE follower_id = '" . user($pair[0]) . "'"),
    'first', 'the new column has its default');
change(q(ALTER TABLE user_follow ALTER note SET DEFAULT 'second'));
@pair = works('the default was changed');
is(change("SELECT note FROM user_follow WHERE follower_id = '" . user($pair[0]) . "'"),
    'second', 'the new default counts');
change(q(ALTER TABLE user_follow ADD CONSTRAINT no_more CHECK (note <> 'second') NOT VALID));
is(ask($warm, follow(new_pair())), '23514', 'a CHECK constraint was added');
change(q(ALTER TABLE user_follow DROP COLUMN note));
works('a column was dropped');

sub created_at
{
    my @pair = @_;
    return ask($warm, sprintf(q(SELECT created_at IS NULL FROM follow_user('%s', '%s')), user($pair[0]), user($pair[1])));
}
is(created_at(@known), 'f', 'an answer has the time of the follow');
change('ALTER TABLE user_follow DROP COLUMN created_at');
works('created_at was dropped');
is(created_at(@known), 't', 'an answer has no time where the table has none');
change(q(ALTER TABLE user_follow ADD COLUMN created_at timestamptz NOT NULL DEFAULT '2001-01-01 00:00+00'));
is(ask($warm, sprintf(q(SELECT created_at = '2001-01-01 00:00+00' FROM follow_user('%s', '%s')), map { user($_) } @known)),
    't', 'created_at is back, and an answer has it');
change(q(ALTER TABLE user_follow ALTER created_at TYPE date));
works('created_at became a date');
change(q(ALTER TABLE user_follow ALTER created_at TYPE text));
refused_as_unusable('created_at became a text');
change(q(ALTER TABLE user_follow ALTER created_at TYPE timestamptz USING now()));
works('created_at is a point in time again');

warm_up();
change('ALTER TABLE user_follow RENAME following_id TO followee_id');
@pair = works('a column of the follow table was renamed');
is(rows_of('user_follow', 'follower_id', 'followee_id', @pair), 1, 'the row is under the new name');
change('ALTER TABLE user_block RENAME blocker_id TO by_id');
works('a column of the block table was renamed');
change(sprintf(q(INSERT INTO user_block (by_id, blocked_id) VALUES ('%s', '%s')), user(1101), user(1102)));
is(ask($warm, follow(1102, 1101)), 'PT403', 'the block is found under the new name');
change('ALTER TABLE user_follow RENAME followee_id TO following_id');
change('ALTER TABLE user_block RENAME by_id TO blocker_id');
works('both names are back');
is(ask($warm, follow(1102, 1101)), 'PT403', 'the block is found under the old name');

# what becomes of the pair's own columns
warm_up();
change('ALTER TABLE user_follow RENAME TO kept; CREATE TABLE user_follow (LIKE kept INCLUDING ALL)');
change(q(ALTER TABLE kept RENAME TO kept_aside; SELECT follow_detach_graph();
    SELECT follow_attach_graph('user_follow', 'user_block')));
@pair = works('a copy of the table took its place, attached');
is(rows_of('user_follow', 'follower_id', 'following_id', @pair), 1, 'the row is in the copy');
change('ALTER TABLE user_follow DROP COLUMN following_id');
refused_as_unusable('a column of the pair was dropped');
change(q(DROP TABLE user_follow; ALTER TABLE kept_aside RENAME TO user_follow));
refused_as_unusable('the table was dropped, and another has its name');
change($attach);
works('the other table was attached');

#
# Indexes
#

warm_up();
change('REINDEX TABLE user_follow');
works('REINDEX TABLE');
change('REINDEX TABLE CONCURRENTLY user_follow');
works('REINDEX TABLE CONCURRENTLY');
change('REINDEX TABLE CONCURRENTLY user_block');
works('REINDEX TABLE CONCURRENTLY of the block table');
change('CLUSTER user_follow USING user_follow_follower_id_following_id_key');
works('CLUSTER');
change('VACUUM FULL user_follow');
works('VACUUM FULL');
change('ALTER TABLE user_follow SET UNLOGGED');
works('SET UNLOGGED');
change('ALTER TABLE user_follow SET LOGGED');
works('SET LOGGED');
change('TRUNCATE user_follow');
is(ask($warm, follow(@known)), 'following', 'TRUNCATE: the pair is new again');
works('TRUNCATE');

change('ALTER TABLE user_follow DROP CONSTRAINT user_follow_follower_id_following_id_key');
refused_as_unusable('the unique constraint was dropped');
is(rows_of('user_follow', 'follower_id', 'following_id', @known), 1, 'nothing was written without it');
change('CREATE UNIQUE INDEX pair_idx ON user_follow (following_id, follower_id)');
works('a unique index was created, in the other order');
change('DROP INDEX CONCURRENTLY pair_idx');
refused_as_unusable('the unique index was dropped concurrently');
change('CREATE UNIQUE INDEX CONCURRENTLY pair_idx ON user_follow (follower_id, following_id)');
works('a unique index was created concurrently');
change('ALTER TABLE user_block DROP CONSTRAINT user_block_blocker_id_blocked_id_key');
refused_as_unusable(q(the block table's unique constraint was dropped));
change('ALTER TABLE user_block ADD UNIQUE (blocker_id, blocked_id)');
works(q(the block table's unique constraint is back));
change('DROP INDEX pair_idx; ALTER TABLE user_follow ADD UNIQUE (follower_id, following_id) DEFERRABLE');
refused_as_unusable('the unique constraint became deferrable');
change(q(ALTER TABLE user_follow DROP CONSTRAINT user_follow_follower_id_following_id_key;
    ALTER TABLE user_follow ADD UNIQUE (follower_id, following_id)));
works('the unique constraint is immediate again');

#
# Rules and triggers
#

warm_up();
change('CREATE RULE nothing AS ON UPDATE TO user_follow DO ALSO NOTHING');
works('a rule was created, so that ON CONFLICT is not possible');
change('DROP RULE nothing ON user_follow');
works('the rule was dropped');
change(q(
    CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER suppress BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION suppress()));
is(ask($warm, follow(new_pair())), '09000', 'a trigger that suppresses the row was created');
change('ALTER TABLE user_follow DISABLE TRIGGER suppress');
works('the trigger was disabled');
change('DROP TRIGGER suppress ON user_follow');

#
# Where users live
#

my $nobody = 999999;
warm_up();
is(ask($warm, follow(1003, $nobody)), 'PT404', 'there is no such user');
change('ALTER TABLE user_follow RENAME CONSTRAINT user_follow_following_id_fkey TO "Somebody"');
is(ask($warm, follow(1003, $nobody)), 'PT404', 'the foreign key was renamed');
change('ALTER TABLE user_follow ALTER CONSTRAINT "Somebody" DEFERRABLE INITIALLY DEFERRED');
is(ask($warm, follow(1003, $nobody)), 'PT404', 'the foreign key became deferred, and the answer is given at once');
works('the foreign key became deferred');
change('ALTER TABLE auth.users RENAME id TO "User Id"; ALTER TABLE auth.users RENAME TO "People"');
is(ask($warm, follow(1003, $nobody)), 'PT404', 'the users table and its key were renamed');
works('the users table and its key were renamed');
change('ALTER SCHEMA auth RENAME TO "Auth"');
works('the schema of the users was renamed');
is(ask($warm, follow(1003, $nobody)), 'PT404', 'the schema of the users was renamed, and the answer is the same');
change(q(ALTER SCHEMA "Auth" RENAME TO auth; ALTER TABLE auth."People" RENAME TO users; ALTER TABLE auth.users RENAME "User Id" TO id));
change('ALTER TABLE user_follow DROP CONSTRAINT "Somebody"');
is(ask($warm, follow(1003, $nobody)), 'following', 'without the foreign key there is nobody to miss');
change(sprintf(q(DELETE FROM user_follow WHERE following_id = '%s';
    ALTER TABLE user_follow ADD FOREIGN KEY (following_id) REFERENCES auth.users ON DELETE CASCADE), user($nobody)));
is(ask($warm, follow(1003, $nobody)), 'PT404', 'the foreign key is back');

#
# Names, schemas, owners
#

warm_up();
change('ALTER TABLE user_follow RENAME TO "Follows"');
@pair = works('the follow table was renamed');
is(rows_of('"Follows"', 'follower_id', 'following_id', @pair), 1, 'the row is in it');
change('CREATE SCHEMA "So Cial"; ALTER TABLE "Follows" SET SCHEMA "So Cial"');
works('the follow table moved to another schema');
change('ALTER TABLE user_block SET SCHEMA "So Cial"');
works('the block table moved to another schema');
is(ask($warm, follow(1102, 1101)), 'PT403', 'the block is found there');
change('ALTER SCHEMA "So Cial" RENAME TO social');
works('the schema was renamed');
# nobody who takes over the old names gets the rows
change(q(CREATE SCHEMA "So Cial"; CREATE TABLE "So Cial"."Follows" (LIKE social."Follows" INCLUDING ALL)));
@pair = works('another table took the old name');
is(rows_of('social."Follows"', 'follower_id', 'following_id', @pair), 1, 'the row is in the attached one');
change(q(DROP SCHEMA "So Cial" CASCADE; ALTER TABLE social."Follows" RENAME TO user_follow;
    ALTER TABLE social.user_follow SET SCHEMA public; ALTER TABLE social.user_block SET SCHEMA public));
works('all is back');

change('CREATE ROLE first_owner; CREATE ROLE second_owner; GRANT ALL ON SCHEMA public TO first_owner, second_owner');
change('GRANT USAGE ON SCHEMA auth TO first_owner, second_owner; GRANT SELECT, REFERENCES ON auth.users TO first_owner, second_owner');
warm_up();
change('ALTER TABLE user_block OWNER TO first_owner');
refused_as_unusable('one of the tables went to another owner');
change('ALTER TABLE user_follow OWNER TO first_owner');
works('the other table went to the same owner');
change('ALTER TABLE user_follow OWNER TO second_owner');
refused_as_unusable('the follow table went to another owner');
change('ALTER TABLE user_block OWNER TO second_owner');
works('and the block table too');

#
# Roles, privileges, policies
#

my $signed_in = open_session($node, 'postgres');
ask($signed_in, sign_in('authenticated', 1001));
change('ALTER TABLE user_follow DISABLE ROW LEVEL SECURITY');
works('without row security, a signed-in user', $signed_in);
is(ask($signed_in, follow(@known)), 'already_following', 'the signed-in session is warm');

change('ALTER TABLE user_follow ENABLE ROW LEVEL SECURITY');
refused('42501', 'row security was enabled: not for somebody else', $signed_in)
  if ask($signed_in, 'SELECT 1') eq '1' && (@known = (1003, 1004)) && ask($warm, follow(@known));
is(ask($signed_in, follow(1001, 1005)), 'following', 'row security was enabled: a new follow of the user itself');
is(ask($signed_in, follow(1001, 1005)), 'already_following', 'row security was enabled: and its repetition');

change(sprintf(q(CREATE POLICY not_this_one ON user_follow AS RESTRICTIVE FOR INSERT WITH CHECK (following_id <> '%s')), user(1005)));
is(ask($signed_in, follow(1001, 1005)), '42501', 'a policy was added: a repeated follow');
is(ask($signed_in, follow(1001, 1006)), 'following', 'a policy was added: a follow that it permits');
change(sprintf(q(ALTER POLICY not_this_one ON user_follow WITH CHECK (following_id <> '%s')), user(1007)));
is(ask($signed_in, follow(1001, 1005)), 'already_following', 'the policy was altered: no longer this one');
is(ask($signed_in, follow(1001, 1007)), '42501', 'the policy was altered: but that one');
change('DROP POLICY not_this_one ON user_follow');
is(ask($signed_in, follow(1001, 1007)), 'following', 'the policy was dropped');

change('REVOKE INSERT ON user_follow FROM authenticated');
is(ask($signed_in, follow(1001, 1005)), '42501', 'INSERT was revoked: a repeated follow');
is(ask($signed_in, follow(1001, 1008)), '42501', 'INSERT was revoked: a new follow');
change('GRANT INSERT ON user_follow TO authenticated; REVOKE SELECT ON user_follow FROM authenticated');
is(ask($signed_in, follow(1001, 1005)), 'already_following', 'SELECT was revoked: a repeated follow');
is(ask($signed_in, follow(1001, 1008)), 'following', 'SELECT was revoked: a new follow');
change('GRANT SELECT ON user_follow TO authenticated');

# one session, one cache, several roles
my $others = follow(1010, 1011);
is(ask($signed_in, $others), '42501', 'a signed-in user cannot follow for another');
ask($signed_in, 'SET ROLE service_role');
is(ask($signed_in, $others), 'following', 'the same session as a role that bypasses row security can');
is(ask($signed_in, $others), 'already_following', 'and may repeat it');
ask($signed_in, 'SET ROLE authenticated');
is(ask($signed_in, $others), '42501', 'the signed-in user cannot repeat it');
ask($signed_in, 'SET ROLE anon');
is(ask($signed_in, $others), '42501', 'somebody without INSERT cannot');
is(ask($signed_in, follow(1001, 1005)), '42501', 'nor what was there');
ask($signed_in, 'RESET ROLE');
is(ask($signed_in, $others), 'already_following', 'the superuser can');
ask($signed_in, sign_in('authenticated', 1010));
is(ask($signed_in, $others), 'already_following', 'and so can the user it is about, signed in');

# for the owner too, where row security is forced on it
my $owner = open_session($node, 'postgres');
ask($owner, 'SET ROLE second_owner');
is(ask($owner, follow(1012, 1013)), 'following', 'the owner follows for anybody');
change('ALTER TABLE user_follow FORCE ROW LEVEL SECURITY');
is(ask($owner, follow(1012, 1014)), '42501', 'row security was forced on the owner');
is(ask($signed_in, follow(1010, 1012)), 'following', 'which changes nothing for the signed-in user');
is(ask($signed_in, follow(1010, 1012)), 'already_following', 'nor for its repetition');
change('ALTER TABLE user_follow NO FORCE ROW LEVEL SECURITY');
is(ask($owner, follow(1012, 1014)), 'following', 'and is no longer');
$owner->quit;

#
# What is attached
#

warm_up();
change('SELECT follow_detach_graph()');
refused_as_unusable('the graph was detached');
change($attach);
works('the graph was attached again');

change(q(
    CREATE TABLE likes (created_at timestamptz NOT NULL DEFAULT now(), whom uuid, who uuid, PRIMARY KEY (who, whom));
    CREATE TABLE hates (whom uuid, who uuid, PRIMARY KEY (who, whom));
    BEGIN;
    SELECT follow_detach_graph();
    SELECT follow_attach_graph('likes', 'hates', 'who', 'whom', 'who', 'whom');
    COMMIT;
));
@pair = works('other tables were attached');
is(rows_of('likes', 'who', 'whom', @pair) . rows_of('user_follow', 'follower_id', 'following_id', @pair),
    '10', 'the row is in the other table');
change(q(SELECT follow_attach_graph('likes', 'hates', 'whom', 'who', 'who', 'whom')));
@pair = works('the columns were attached the other way round');
is(rows_of('likes', 'whom', 'who', @pair), 1, 'the row is the other way round');
change('DROP TABLE hates');
refused_as_unusable('the block table was dropped');
change('DROP TABLE likes');
refused_as_unusable('both tables were dropped');
change($attach);
works('the first tables were attached in their place');

# A prepared call outlives all of this.
ask($warm, q(PREPARE follow_somebody AS SELECT status::text FROM follow_user($1, $2)));
my $prepared = sprintf(q(EXECUTE follow_somebody('%s', '%s')), map { user($_) } @known);
is(ask($warm, $prepared), 'already_following', 'a prepared call');
change('DROP EXTENSION follow_ext CASCADE');
refused('42883', 'the extension was dropped');
is(ask($warm, $prepared), '42883', 'the extension was dropped, says the prepared call');
change('CREATE EXTENSION follow_ext');
refused_as_unusable('the extension was created again, and nothing is attached');
change($attach);
works('the extension was created again and the graph attached');
is(ask($warm, $prepared), 'already_following', 'the prepared call works again');
change(q(DROP EXTENSION follow_ext CASCADE; CREATE SCHEMA api; CREATE EXTENSION follow_ext SCHEMA api;
    SELECT api.follow_attach_graph('public.user_follow', 'public.user_block')));
ask($warm, 'SET search_path = api, public');
works('the extension was created in another schema, at one go');
change("DROP EXTENSION follow_ext CASCADE; CREATE EXTENSION follow_ext; $attach");
ask($warm, 'RESET search_path');
works('the extension is where it was');

#
# In transactions
#

# What a call has looked at stays as it is until the transaction ends.
warm_up();
ask($warm, 'BEGIN');
@pair = new_pair();
is(ask($warm, follow(@pair)), 'following', 'a follow in an open transaction');
foreach my $statement (
    'ALTER TABLE user_follow ADD COLUMN more text',
    'ALTER TABLE user_block ADD COLUMN more text',
    'DROP TABLE user_block',
    'SELECT follow_detach_graph()')
{
    my ($result, $stdout, $stderr) = $node->psql('postgres', "SET lock_timeout = '100ms'; \\set VERBOSITY sqlstate\n$statement");
    like($stderr, qr/ERROR:\s+55P03/, "$statement waits for it");
}
ask($warm, 'COMMIT');

# Whoever waits for a pair looks again afterwards.
change(q(CREATE SCHEMA moving AUTHORIZATION second_owner; ALTER TABLE user_follow SET SCHEMA moving; ALTER TABLE user_block SET SCHEMA moving));
my $holder = open_session($node, 'postgres');
@pair = new_pair();
warm_up();
ask($holder, 'BEGIN');
is(ask($holder, follow(@pair)), 'following', 'another session is following the same user');
$warm->{stdin} .= follow(@pair) . ";\n\\echo done\n";
$warm->{run}->pump_nb;
ok( $node->poll_query_until('postgres',
        q(SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 18007 AND NOT granted)),
    "the warm session waits for the pair")
  or die "it does not wait";
change('ALTER SCHEMA moving RENAME TO moved');
ask($holder, 'ROLLBACK');
is($warm->query_until(qr/done/, ''), "following\ndone\n", 'the schema was renamed meanwhile, and the follow found its table');
is(rows_of('moved.user_follow', 'follower_id', 'following_id', @pair), 1, 'the row is there');
$holder->quit;
change(q(ALTER TABLE moved.user_follow SET SCHEMA public; ALTER TABLE moved.user_block SET SCHEMA public));

# The snapshot of a transaction is older than what was attached since.
ask($warm, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
is(ask($warm, 'SELECT count(*) FROM follow_graph'), 1, 'a transaction has its snapshot');
change(q(
    CREATE TABLE likes (who uuid, whom uuid, PRIMARY KEY (who, whom));
    CREATE TABLE hates (who uuid, whom uuid, PRIMARY KEY (who, whom));
    SELECT follow_detach_graph();
    SELECT follow_attach_graph('likes', 'hates', 'who', 'whom', 'who', 'whom', NULL);
));
@pair = works('other tables were attached since');
ask($warm, 'COMMIT');
is(rows_of('likes', 'who', 'whom', @pair), 1, 'the row is in the other table');
change("SELECT follow_detach_graph(); DROP TABLE likes, hates; $attach");

# The session's own changes, and taking them back.
warm_up();
my %own = (
    'dropping a column' => [ 'ALTER TABLE user_follow DROP COLUMN following_id CASCADE', '55000' ],
    'dropping the unique constraint' =>
      [ 'ALTER TABLE user_follow DROP CONSTRAINT user_follow_follower_id_following_id_key', '55000' ],
    'dropping the table' => [ 'DROP TABLE user_block', '55000' ],
    'detaching' => [ 'SELECT follow_detach_graph()', '55000' ],
    'dropping the extension' => [ 'DROP EXTENSION follow_ext CASCADE', '42883' ],
    'giving one table away' => [ 'ALTER TABLE user_block OWNER TO first_owner', '55000' ],
    'renaming a column' => [ 'ALTER TABLE user_follow RENAME following_id TO followee_id', 'following' ],
    'renaming the schema' => [ 'ALTER SCHEMA public RENAME TO private; SET LOCAL search_path = private', 'following' ],
    'making it a schema of its own' =>
      [ 'CREATE SCHEMA own AUTHORIZATION second_owner; ALTER TABLE user_follow SET SCHEMA own', 'following' ],
    'becoming somebody else' => [ 'SET LOCAL ROLE authenticated', '42501' ],
    'a suppressing trigger' =>
      [ 'CREATE TRIGGER suppress BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION suppress()', '09000' ],
    'a rule' => [ 'CREATE RULE nothing AS ON UPDATE TO user_follow DO ALSO NOTHING', 'following' ],
    'truncating' => [ 'TRUNCATE user_follow', 'following' ],
    'attaching other tables' => [ q(
        CREATE TABLE likes (who uuid, whom uuid, PRIMARY KEY (who, whom));
        CREATE TABLE hates (who uuid, whom uuid, PRIMARY KEY (who, whom));
        SELECT follow_detach_graph();
        SELECT follow_attach_graph('likes', 'hates', 'who', 'whom', 'who', 'whom')), 'following' ],
);
ask($warm, 'BEGIN');
foreach my $name (sort keys %own)
{
    my ($statement, $expected) = @{ $own{$name} };
    ask($warm, 'SAVEPOINT s');
    my @answers = (ask($warm, follow(new_pair())));
    ask($warm, 'SAVEPOINT t');
    ask($warm, $statement);
    push @answers, ask($warm, follow(new_pair()));
    ask($warm, 'ROLLBACK TO t');
    push @answers, ask($warm, follow(new_pair())), ask($warm, follow(@known));
    is("@answers", "following $expected following already_following", "$name in a savepoint, and taking it back");
    ask($warm, 'ROLLBACK TO s');
}
ask($warm, 'COMMIT');
works('after all the savepoints');

# An error in the middle of a call leaves nothing behind: neither the owner's role nor its search_path.
ask($warm, sign_in('authenticated', 1020));
ask($warm, q(SET search_path = public, "$user"));
ask($warm, 'BEGIN; SAVEPOINT s');
is(ask($warm, follow(1020, $nobody)), 'PT404', 'an error inside the call');
ask($warm, 'ROLLBACK TO s');
is(ask($warm, q(SELECT current_user || ' ' || current_setting('search_path'))), 'authenticated public, "$user"',
    'role and search_path are the caller\'s');
is(ask($warm, follow(1020, 1021)), 'following', 'and the next call works');
ask($warm, 'COMMIT; RESET ROLE; RESET search_path');

$_->quit for ($warm, $signed_in);
$node->stop;
done_testing();
