-- What runs as the tables' owner runs nobody else's code: a block removes follows, guards look and remove.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_follow_owner;
CREATE ROLE regress_follow_attacker;
CREATE SCHEMA app AUTHORIZATION regress_follow_owner;
GRANT USAGE ON SCHEMA app TO regress_follow_attacker;
CREATE SCHEMA planted AUTHORIZATION regress_follow_attacker;
CREATE EXTENSION follow_ext;
GRANT EXECUTE ON FUNCTION follow_attach_graph, follow_detach_graph TO regress_follow_owner;
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set d '\'00000000-0000-0000-0000-00000000000d\''

-- The owner was careless: a trigger writes to a table, and calls a function, without naming their schema.
SET ROLE regress_follow_owner;
SET search_path = app;
CREATE TABLE removed (who name DEFAULT current_user, note text);
CREATE FUNCTION describe(uuid, uuid) RETURNS text LANGUAGE sql AS 'SELECT ''by the owner''::text';
CREATE FUNCTION app.note_removal() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO removed (note) VALUES (describe(OLD.follower_id, OLD.following_id)); RETURN OLD; END';
CREATE TABLE user_follow (follower_id uuid, following_id uuid, created_at timestamptz DEFAULT now(), PRIMARY KEY (follower_id, following_id));
CREATE TABLE user_block (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
CREATE TRIGGER note_removal AFTER DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION app.note_removal();
GRANT SELECT, INSERT, UPDATE, DELETE ON user_follow, user_block TO regress_follow_attacker;
SELECT public.follow_attach_graph('user_follow', 'user_block');
INSERT INTO user_follow VALUES (:b, :a), (:c, :a), (:d, :a);
RESET search_path;

-- The attacker prepares the session: temporary tables with triggers, functions and operators of the same names
SET ROLE regress_follow_attacker;
CREATE FUNCTION planted.steal() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE WARNING ''code of the attacker runs as %'', current_user; RETURN NEW; END';
CREATE TEMP TABLE removed (who name DEFAULT current_user, note text);
CREATE TRIGGER steal BEFORE INSERT ON pg_temp.removed FOR EACH ROW EXECUTE FUNCTION planted.steal();
CREATE TEMP TABLE user_follow (follower_id uuid, following_id uuid, created_at timestamptz);
CREATE TEMP TABLE user_block (blocker_id uuid, blocked_id uuid);
CREATE FUNCTION planted.describe(uuid, uuid) RETURNS text LANGUAGE plpgsql AS
    'BEGIN RAISE WARNING ''code of the attacker runs as %'', current_user; RETURN ''by the attacker''; END';
CREATE FUNCTION pg_temp.describe(uuid, uuid) RETURNS text LANGUAGE sql AS 'SELECT planted.describe($1, $2)';
CREATE FUNCTION planted.equal(uuid, uuid) RETURNS boolean LANGUAGE plpgsql AS
    'BEGIN RAISE WARNING ''code of the attacker runs as %'', current_user; RETURN true; END';
CREATE OPERATOR planted.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = planted.equal);
CREATE FUNCTION planted.unnest(uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS
    'BEGIN RAISE WARNING ''code of the attacker runs as %'', current_user; END';
CREATE FUNCTION planted.count() RETURNS bigint LANGUAGE plpgsql AS
    'BEGIN RAISE WARNING ''code of the attacker runs as %'', current_user; RETURN 0; END';
SET search_path = pg_temp, planted, app, pg_catalog, public;

-- the function, the guard, the many
SELECT status FROM public.block_user(:a, :b);
INSERT INTO app.user_block VALUES (:a, :c);
UPDATE app.user_block SET blocked_id = :d WHERE blocked_id = :c;
SELECT status FROM public.follow_user(:a, :b);
INSERT INTO app.user_follow VALUES (:b, :a);
SELECT * FROM public.follow_users(:a, ARRAY[:b, :c]::uuid[]);
SELECT * FROM public.relationships(:a, ARRAY[:b, :c]::uuid[]);
SELECT user_id FROM public.followers_of(:c);
SELECT * FROM public.mutual_followers(:a, :c);
SELECT status FROM public.unfollow_user(:a, :c);
SELECT status FROM public.unblock_user(:a, :b);
TABLE pg_temp.removed;
-- as a superuser too
RESET ROLE;
SELECT status FROM public.follow_user(:b, :a);
SELECT status FROM public.block_user(:a, :b);
SELECT * FROM public.follow_counts(:a);
RESET search_path;
SELECT who, note, count(*) FROM app.removed GROUP BY 1, 2 ORDER BY 1;

-- A trigger that is deferred runs at commit: up to 17 as whoever commits, from 18 on as whoever acted, here as the owner
SET ROLE regress_follow_owner;
CREATE FUNCTION app.note_later() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN
        RAISE NOTICE ''deferred code runs as this major has it: %'', current_user =
            CASE WHEN current_setting(''server_version_num'')::int < 180000
                THEN ''regress_follow_attacker'' ELSE ''regress_follow_owner'' END;
        RETURN NULL;
    END';
CREATE CONSTRAINT TRIGGER note_later AFTER DELETE ON app.user_follow DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION app.note_later();
DELETE FROM app.user_block;
INSERT INTO app.user_follow VALUES (:c, :a);
SET client_min_messages = notice;
SET ROLE regress_follow_attacker;
BEGIN;
SELECT status FROM public.block_user(:a, :c);
COMMIT;
SET client_min_messages = warning;

-- Guards that others put on tables: whoever may, on a table of theirs, reaches no row of the graph
CREATE TABLE planted.user_follow (blocker_id uuid, blocked_id uuid, follower_id uuid, following_id uuid);
CREATE TRIGGER guard BEFORE INSERT ON planted.user_follow FOR EACH ROW EXECUTE FUNCTION public.follow_guard();
CREATE TRIGGER guard_after AFTER INSERT ON planted.user_follow FOR EACH ROW EXECUTE FUNCTION public.follow_guard();
SET ROLE regress_follow_owner;
INSERT INTO app.user_follow VALUES (:b, :d);
SET ROLE regress_follow_attacker;
INSERT INTO planted.user_follow VALUES (:b, :d, :b, :d);
-- nor on the graph's own tables without TRIGGER on them, nor beside them
CREATE TRIGGER mine AFTER DELETE ON app.user_follow FOR EACH ROW EXECUTE FUNCTION planted.steal();
CREATE TABLE planted.child () INHERITS (app.user_follow);
CREATE RULE mine AS ON DELETE TO app.user_follow DO ALSO SELECT 1;
CREATE POLICY mine ON app.user_follow USING (true);
-- a view of theirs with the graph's names, in a schema that takes the name of the graph's
CREATE VIEW planted.view AS SELECT * FROM app.user_follow;
SELECT status FROM public.follow_user(:c, :b);
RESET ROLE;
SELECT follower_id, following_id FROM app.user_follow ORDER BY 1, 2;
ALTER SCHEMA app RENAME TO app_before;
ALTER SCHEMA planted RENAME TO app;
SET ROLE regress_follow_attacker;
CREATE TABLE app.user_block (blocker_id uuid, blocked_id uuid);
CREATE TRIGGER steal BEFORE INSERT ON app.user_block FOR EACH ROW EXECUTE FUNCTION app.steal();
CREATE TRIGGER steal BEFORE INSERT OR DELETE ON app.user_follow FOR EACH ROW EXECUTE FUNCTION app.steal();
INSERT INTO app.user_follow (follower_id, following_id) VALUES (:c, :b);
RESET ROLE;
SELECT status FROM public.block_user(:b, :c);
INSERT INTO app_before.user_follow VALUES (:b, :a);
INSERT INTO app_before.user_block VALUES (:d, :b);
SELECT follower_id, following_id FROM app_before.user_follow ORDER BY 1, 2;
SELECT count(*) FROM app.user_block;
SELECT count(*) FROM app.user_follow;

SELECT public.follow_detach_graph();
DROP SCHEMA app, app_before CASCADE;
DROP EXTENSION follow_ext;
DROP OWNED BY regress_follow_owner, regress_follow_attacker;
DROP ROLE regress_follow_owner, regress_follow_attacker;
