-- What a caller may prepare in the session changes nothing: temporary tables, operators, functions, search_path.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_follow_owner;
CREATE ROLE regress_follow_attacker;
CREATE SCHEMA app AUTHORIZATION regress_follow_owner;
GRANT USAGE ON SCHEMA app TO regress_follow_attacker;
CREATE SCHEMA planted AUTHORIZATION regress_follow_attacker;
CREATE EXTENSION follow_ext;
GRANT EXECUTE ON FUNCTION follow_attach_graph TO regress_follow_owner;
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''

-- The owner was careless: an index predicate calls a function that names a table without its schema. The planner calls it
-- too, as whoever it plans for.
SET ROLE regress_follow_owner;
SET search_path = app;
CREATE TABLE settings (value boolean);
INSERT INTO settings VALUES (true);
CREATE FUNCTION app.is_on() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users VALUES (:a), (:b), (:c);
CREATE TABLE user_follow (
    follower_id uuid REFERENCES users,
    following_id uuid REFERENCES users INITIALLY DEFERRED,
    created_at timestamptz DEFAULT '2020-02-02 02:02:02+00',
    PRIMARY KEY (follower_id, following_id)
);
CREATE TABLE user_block (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
CREATE INDEX careless ON user_block (blocked_id, blocker_id) WHERE app.is_on();
CREATE INDEX careless_too ON user_follow (following_id, follower_id) WHERE app.is_on();
CREATE OR REPLACE FUNCTION app.is_on() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN RETURN (SELECT value FROM settings); END';
INSERT INTO user_block VALUES (:b, :c);
GRANT INSERT ON user_follow TO regress_follow_attacker;
SELECT public.follow_attach_graph('user_follow', 'user_block');
RESET search_path;
RESET ROLE;
-- a new session, so that nothing has been planned yet
\c -
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';

SET ROLE regress_follow_attacker;
CREATE TABLE planted.stolen (by name);
GRANT INSERT ON planted.stolen TO PUBLIC;
GRANT USAGE ON SCHEMA planted TO PUBLIC;
CREATE FUNCTION planted.steal() RETURNS boolean LANGUAGE plpgsql AS
    'BEGIN INSERT INTO planted.stolen VALUES (current_user); RETURN true; END';
-- decoys for every table that an unqualified name could mean
CREATE TEMP TABLE user_follow (follower_id uuid, following_id uuid, created_at timestamptz);
CREATE TEMP TABLE user_block (blocker_id uuid, blocked_id uuid);
CREATE TEMP TABLE users (id uuid);
CREATE TEMP TABLE follow_graph (graph name);
INSERT INTO pg_temp.user_block VALUES (:a, :b), (:b, :a);
CREATE TEMP VIEW settings AS SELECT planted.steal() AS value;
GRANT SELECT ON settings TO PUBLIC;
CREATE TABLE planted.user_follow (follower_id uuid, following_id uuid, created_at timestamptz);
CREATE TABLE planted.user_block (blocker_id uuid, blocked_id uuid);
CREATE VIEW planted.settings AS SELECT planted.steal() AS value;
GRANT SELECT ON planted.settings TO PUBLIC;
-- operators and functions that a statement of the extension could mean
CREATE FUNCTION planted.no(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT planted.steal() IS NULL';
CREATE OPERATOR planted.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = planted.no);
CREATE FUNCTION planted.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''1999-01-01''::timestamptz FROM planted.steal()';
CREATE FUNCTION planted.count(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint FROM planted.steal()';
CREATE DOMAIN planted.timestamptz AS text;
CREATE DOMAIN planted.uuid AS text;
SET search_path = pg_temp, planted, app, public, pg_catalog;

SELECT status, created_at FROM public.follow_user(:a, :b);
SELECT status, created_at FROM public.follow_user(:a, :b);
SELECT public.follow_user(:b, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT public.follow_user(:c, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT public.follow_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE
SET search_path = planted, pg_catalog;
SELECT status FROM public.follow_user(:b, :a);
SET search_path = '';
SELECT status FROM public.follow_user(:b, :a);
RESET search_path;
-- Nothing of it ran as somebody else. What a plain INSERT runs as the caller may run here as well.
SELECT by FROM planted.stolen WHERE by <> 'regress_follow_attacker';
SELECT count(*) FROM pg_temp.user_follow;
SELECT count(*) FROM planted.user_follow;

-- Settings that a caller may change
SET session_replication_role = replica;
\echo :LAST_ERROR_SQLSTATE
SET row_security = off;
SELECT status FROM public.follow_user(:c, :a);
SET row_security = on;
SET default_transaction_isolation = 'serializable';
SELECT public.follow_user(:b, :c);
\echo :LAST_ERROR_SQLSTATE
RESET default_transaction_isolation;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET plan_cache_mode = force_custom_plan;
SELECT public.follow_user(:b, :c);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Role and search_path are the caller's again after an error in the owner's part: the block table has lost a right of its
-- owner's
SET ROLE regress_follow_owner;
REVOKE ALL ON app.user_block FROM regress_follow_owner;
SET ROLE regress_follow_attacker;
SET search_path = planted, public;
BEGIN;
SAVEPOINT s;
SELECT public.follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
SELECT current_user, current_setting('search_path');
COMMIT;
SELECT current_user, current_setting('search_path');
RESET ROLE;
RESET search_path;

SELECT follower_id, following_id FROM app.user_follow ORDER BY 1, 2;
SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP SCHEMA planted CASCADE;
DROP SCHEMA app CASCADE;
DROP OWNED BY regress_follow_owner, regress_follow_attacker;
DROP ROLE regress_follow_owner, regress_follow_attacker;
