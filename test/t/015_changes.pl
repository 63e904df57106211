# A session that reaches the tables without statements keeps more of them: compiled defaults and constraints, indexes, triggers.
# Whatever others change, while clients follow and between two calls, is obeyed by the next call, with either store.

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

my $seconds = $ENV{FOLLOW_EXT_CHANGES_SECONDS} || 10;
my $users = 2000;
my $node = start_node('changes');
load_app($node, 'postgres', $users);
$node->safe_psql('postgres', "$FollowTest::sql_user; ALTER TABLE user_follow DISABLE ROW LEVEL SECURITY;"
    . 'ALTER TABLE user_follow ADD COLUMN era int NOT NULL DEFAULT 0');

sub change
{
    return $node->safe_psql('postgres', shift);
}

#
# While clients follow
#

sub write_script
{
    my ($name, $sql) = @_;
    my $file = $node->basedir . "/$name.sql";
    append_to_file($file, "\\set a random(101, $users)\n\\set b random(1, 100)\n\\set c random(1, 40)\n$sql;\n");
    return ('-f', $file);
}

# Follows of one another among the first hundred users come and go; all others stay.
my @scripts = (
    write_script('follow', 'SELECT follow_user(user_no(:a), user_no(:b))'),
    write_script('follow_more', 'SELECT count(*) FROM follow_users(user_no(:a), ARRAY[user_no(:b), user_no(:c), user_no(:a - 100)])'),
    write_script('come', 'SELECT count(*) FROM follow_users(user_no(:b + 0), ARRAY[user_no(101 - :b)])'),
    write_script('go', 'SELECT unfollow_user(user_no(:b), user_no(101 - :b))'),
    write_script('in_one', "BEGIN;\nSELECT follow_user(user_no(:a), user_no(:c));\nSELECT follow_user(user_no(:a), user_no(:c + 50));\nCOMMIT"));
my %clients = (said => '', errors => '');
my $deadline = time() + $seconds;
$clients{run} = IPC::Run::start(
    [ 'pgbench', '-n', '-c', 6, '-T', $seconds, @scripts, $node->connstr('postgres') ],
    '<', \undef, '>', \$clients{said}, '2>', \$clients{errors},
    IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

my $arbiter = 'user_follow_follower_id_following_id_key';
my @changes = (
    'CREATE INDEX CONCURRENTLY by_time ON user_follow (created_at)',
    "REINDEX INDEX CONCURRENTLY $arbiter",
    'CREATE UNIQUE INDEX CONCURRENTLY turned ON user_follow (following_id, follower_id)',
    "ALTER INDEX $arbiter SET (fillfactor = 70)",
    'CREATE INDEX CONCURRENTLY partial ON user_follow (left(follower_id::text, 8), era) WHERE era > 0',
    'REINDEX TABLE CONCURRENTLY user_follow',
    'VACUUM FULL user_follow',
    'ALTER TABLE user_follow ADD CONSTRAINT not_negative CHECK (era >= 0)',
    'DROP INDEX CONCURRENTLY turned',
    "CLUSTER user_follow USING $arbiter",
    q(ALTER TABLE user_follow ADD COLUMN more text NOT NULL DEFAULT 'more'),
    'VACUUM user_follow',
    "ALTER INDEX $arbiter RESET (fillfactor)",
    'REINDEX INDEX CONCURRENTLY by_time',
    'ALTER TABLE user_follow DROP COLUMN more, DROP CONSTRAINT not_negative',
    'DROP INDEX CONCURRENTLY by_time',
    'DROP INDEX CONCURRENTLY partial');
# How many rows an era has is known when the next begins: nobody writes at that moment.
my %rows_of_era;
my ($era, $done) = (0, 0);
while (time() < $deadline || $done < @changes)
{
    change($changes[ $done++ % @changes ]);
    $rows_of_era{$era++} = $node->safe_psql('postgres', sprintf(q(
        BEGIN;
        ALTER TABLE user_follow ALTER era SET DEFAULT %d;
        SELECT count(*) FROM user_follow WHERE follower_id > user_no(100) AND era = %d;
        COMMIT), $era + 1, $era));
}
$clients{run}->finish;
is($clients{errors} =~ s/^pgbench \(.*\)\n//r, '', 'no client had an error');
my ($followed) = $clients{said} =~ /actually processed: (\d+)/;
cmp_ok($followed, '>', 0, "$done changes, while clients called $followed times");
cmp_ok(scalar(grep { $_ } values %rows_of_era), '>', @changes / 2, 'rows were written between most of the changes');
my %found = split /[|\n]/, change(qq(
    SELECT era, count(*) FROM user_follow WHERE follower_id > user_no(100) AND era < $era GROUP BY era));
is(join(' ', map { "$_:" . ($found{$_} // 0) } sort { $a <=> $b } keys %rows_of_era),
    join(' ', map { "$_:$rows_of_era{$_}" } sort { $a <=> $b } keys %rows_of_era), 'every row has the default of its time');
is(change('SELECT count(*) - count(DISTINCT (follower_id, following_id)) FROM user_follow'), 0, 'no follow is there twice');
change(q(CREATE INDEX IF NOT EXISTS by_time ON user_follow (created_at); DROP INDEX by_time));
check_indexes($node, 'postgres', 'the indexes agree with the table');

# What was being built when the last row was written is checked too.
sub indexes_agree_after
{
    my ($change) = @_;
    my $file = $node->basedir . '/short.sql';
    my %short = (said => '', errors => '');
    $short{run} = IPC::Run::start([ 'pgbench', '-n', '-c', 6, '-T', 2, @scripts, $node->connstr('postgres') ],
        '<', \undef, '>', \$short{said}, '2>', \$short{errors}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    change($change);
    $short{run}->finish;
    is($short{errors} =~ s/^pgbench \(.*\)\n//r, '', "$change: no client had an error");
    check_indexes($node, 'postgres', "$change: the indexes agree with the table");
}
indexes_agree_after('CREATE INDEX CONCURRENTLY last ON user_follow (created_at, era)');
indexes_agree_after('REINDEX TABLE CONCURRENTLY user_follow');

#
# Between two calls
#

change(q(
    CREATE ROLE writers NOLOGIN;
    CREATE ROLE writer NOLOGIN IN ROLE writers;
    GRANT SELECT, INSERT, DELETE ON user_follow TO writers;
    GRANT USAGE ON SCHEMA public, auth TO writers;
    ALTER TABLE user_follow ALTER era SET DEFAULT 0;
    DROP INDEX last;
    TRUNCATE user_follow;
));
my $warm = open_session($node, 'postgres');
my $writer = open_session($node, 'postgres');
ask($writer, 'SET ROLE writer');
my $next = 1;

# The session follows somebody, whose row can be asked for afterwards.
sub follow_somebody
{
    my ($session) = @_;
    $next++;
    return ask($session // $warm, follow($next, $next + 1));
}

sub last_row
{
    my ($columns) = @_;
    return change(sprintf(q(SELECT %s FROM user_follow WHERE follower_id = '%s'), $columns, user($next)));
}

sub store_of
{
    my ($session) = @_;
    return ask($session, q(SELECT store FROM follow_explain() WHERE relation = 'user_follow'::regclass AND access = 'insert'));
}

# Follows with what is kept, changes, and follows again: the answer, and that it was not for a change of the store.
sub next_call
{
    my ($name, $sql, $answer, $session) = @_;
    $session //= $warm;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(follow_somebody($session), 'following', "$name: before");
    change($sql);
    is(follow_somebody($session), $answer, "$name: after");
}

my $plain = default_store($node);

sub stays_plain
{
    my ($name, $session) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(store_of($session // $warm), $plain, "$name: the store is that of a plain table");
}

change('GRANT EXECUTE ON FUNCTION follow_explain() TO writers');
stays_plain('first');
stays_plain('first, for a role with no more than the rights', $writer);

next_call('a CHECK constraint', 'ALTER TABLE user_follow ADD CONSTRAINT positive CHECK (era > 0) NOT VALID', '23514');
stays_plain('a CHECK constraint');
change('ALTER TABLE user_follow DROP CONSTRAINT positive');

next_call('a default', 'ALTER TABLE user_follow ALTER era SET DEFAULT 5', 'following');
is(last_row('era'), 5, 'a default: the row has it');
next_call('a column', q(ALTER TABLE user_follow ADD COLUMN word text NOT NULL DEFAULT 'new', ADD COLUMN twice int GENERATED ALWAYS AS (era * 2) STORED), 'following');
is(last_row('word, twice'), 'new|10', 'a column: the row has it');
stays_plain('a column');
next_call('a column without a default', 'ALTER TABLE user_follow ALTER word DROP DEFAULT', '23502');
change('ALTER TABLE user_follow DROP COLUMN word, DROP COLUMN twice');

# functions in what was compiled, the second of them with a value that is known when it is compiled
foreach my $volatility ('VOLATILE', 'IMMUTABLE')
{
    my $function = "CREATE OR REPLACE FUNCTION this_era() RETURNS int $volatility LANGUAGE plpgsql AS";
    change("$function 'BEGIN RETURN 1; END'; ALTER TABLE user_follow ALTER era SET DEFAULT this_era()");
    next_call("a function in a default, $volatility", "$function 'BEGIN RETURN 2; END'", 'following');
    is(last_row('era'), 2, "a function in a default, $volatility: the new one was called");
    ask($warm, 'BEGIN');
    next_call("a function in a default, $volatility, within a transaction", "$function 'BEGIN RETURN 3; END'", 'following');
    ask($warm, 'COMMIT');
    is(last_row('era'), 3, "a function in a default, $volatility, within a transaction: the new one was called");
    next_call('the right to call it', 'REVOKE EXECUTE ON FUNCTION this_era() FROM PUBLIC', '42501', $writer);
    change('GRANT EXECUTE ON FUNCTION this_era() TO PUBLIC');
    change('ALTER TABLE user_follow ALTER era SET DEFAULT 0; DROP FUNCTION this_era()');
}
my $is_fine = 'CREATE OR REPLACE FUNCTION is_fine(era int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS';
change("$is_fine 'BEGIN RETURN true; END'; ALTER TABLE user_follow ADD CONSTRAINT fine CHECK (is_fine(era) AND is_fine(1))");
next_call('a function in a CHECK constraint', "$is_fine 'BEGIN RETURN false; END'", '23514');
change('ALTER TABLE user_follow DROP CONSTRAINT fine; DROP FUNCTION is_fine(int)');
stays_plain('without the functions');

change(q(
    CREATE TABLE told (what text);
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO told VALUES (TG_OP); RETURN NULL; END$$;
    ALTER FUNCTION tell() SECURITY DEFINER;
));
next_call('a trigger', 'CREATE TRIGGER tell AFTER INSERT OR DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION tell()', 'following');
is(change('SELECT count(*) FROM told'), 1, 'a trigger: it fires');
stays_plain('a trigger');
next_call('its function', q(CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE SQLSTATE 'TOLD0'; END$$), 'TOLD0');
change('ALTER TABLE user_follow DISABLE TRIGGER tell');
next_call('a disabled trigger', 'ALTER TABLE user_follow ENABLE TRIGGER tell', 'TOLD0');
change('ALTER TABLE user_follow DISABLE TRIGGER tell');
is(follow_somebody(), 'following', 'a disabled trigger: it does not fire');
change('ALTER TABLE user_follow ENABLE TRIGGER tell');
is(ask($warm, sprintf(q(SELECT status FROM unfollow_user('%s', '%s')), user($next), user($next + 1))), 'TOLD0', 'a trigger after a delete fires');
change('DROP TRIGGER tell ON user_follow');
is(ask($warm, sprintf(q(SELECT status FROM unfollow_user('%s', '%s')), user($next), user($next + 1))), 'unfollowed', 'a trigger after a delete was dropped');
next_call('a trigger before the row', q(
    CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER suppress BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION suppress()), '09000');
change('DROP TRIGGER suppress ON user_follow');

change('TRUNCATE user_follow');
next_call('a partial unique index', 'ALTER TABLE user_follow ALTER era SET DEFAULT 9; CREATE UNIQUE INDEX one_of_nine ON user_follow (era) WHERE era = 9', 'following');
is(follow_somebody(), '23505', 'a partial unique index: of the second row');
stays_plain('a partial unique index');
change('DROP INDEX one_of_nine');
is(follow_somebody(), 'following', 'a partial unique index: it was dropped');
next_call('the arbiter', "ALTER TABLE user_follow DROP CONSTRAINT $arbiter; CREATE UNIQUE INDEX other_way ON user_follow (following_id, follower_id) INCLUDE (era)", 'following');
is(ask($warm, follow($next, $next + 1)), 'already_following', 'the arbiter: another index took its place');
check_indexes($node, 'postgres', 'the indexes agree with the table');

#
# Rights
#

next_call('row security', 'ALTER TABLE user_follow ENABLE ROW LEVEL SECURITY', '42501', $writer);
is(store_of($writer), 'spi', 'row security: statements serve');
is(follow_somebody(), 'following', 'row security: not for a superuser');
next_call('no row security', 'ALTER TABLE user_follow DISABLE ROW LEVEL SECURITY', 'following');
stays_plain('no row security', $writer);
next_call('INSERT revoked', 'REVOKE INSERT ON user_follow FROM writers', '42501', $writer);
change('GRANT INSERT (follower_id, following_id) ON user_follow TO writers');
stays_plain('INSERT of columns', $writer);
next_call('INSERT of a column revoked', 'REVOKE INSERT (following_id) ON user_follow FROM writers', '42501', $writer);
change('GRANT INSERT ON user_follow TO writers');
next_call('membership revoked', 'REVOKE writers FROM writer', '42501', $writer);
is(ask($writer, sprintf(q(SELECT is_following('%s', '%s')), user(1), user(2))), '42501', 'membership revoked: of looking too');
is(ask($writer, sprintf(q(SELECT unfollow_user('%s', '%s')), user(1), user(2))), '42501', 'membership revoked: of deleting too');
change('GRANT writers TO writer');
is(follow_somebody($writer), 'following', 'membership granted');
next_call('USAGE revoked', 'CREATE SCHEMA hidden; GRANT USAGE ON SCHEMA hidden TO writers; ALTER TABLE user_follow SET SCHEMA hidden', 'following', $writer);
next_call('USAGE revoked', 'REVOKE USAGE ON SCHEMA hidden FROM writers', '42501', $writer);

$_->quit foreach $warm, $writer;
$node->stop;
done_testing();
