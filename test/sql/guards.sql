-- Guards: the rules hold for plain INSERT, UPDATE and COPY too, on partitions too, and tell a stranger nothing.
CREATE EXTENSION follow_ext;
\set SHOW_CONTEXT never
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set d '\'00000000-0000-0000-0000-00000000000d\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''
CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users VALUES (:a), (:b), (:c), (:d);
CREATE ROLE regress_follow_user;
CREATE ROLE regress_follow_stranger;
SELECT follow_create_graph(users_table => 'users', roles => '{regress_follow_user}');
CREATE VIEW edges AS
    SELECT 'follow' AS edge, follower_id AS from_id, following_id AS to_id FROM user_follow
    UNION ALL SELECT 'block', blocker_id, blocked_id FROM user_block ORDER BY 1, 2, 3;
CREATE VIEW locks AS
    SELECT objsubid, mode, count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
    GROUP BY 1, 2 ORDER BY 1;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc ORDER BY 1, 2;

-- Follows beside a block
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:b, :a);
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO user_follow (follower_id, following_id) VALUES (:b, :a);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :c), (:c, :a);
INSERT INTO user_follow (follower_id, following_id) SELECT id, :a FROM users WHERE id <> :a ON CONFLICT DO NOTHING;
\echo :LAST_ERROR_SQLSTATE
COPY user_follow (follower_id, following_id) FROM stdin;
00000000-0000-0000-0000-00000000000a	00000000-0000-0000-0000-00000000000d
00000000-0000-0000-0000-00000000000a	00000000-0000-0000-0000-00000000000b
\.
UPDATE user_follow SET following_id = :b WHERE follower_id = :a;
\echo :LAST_ERROR_SQLSTATE
MERGE INTO user_follow f USING (VALUES (:a::uuid, :b::uuid)) v (x, y) ON f.follower_id = v.x AND f.following_id = v.y
    WHEN NOT MATCHED THEN INSERT (follower_id, following_id) VALUES (v.x, v.y);
\echo :LAST_ERROR_SQLSTATE
-- what is not about the pair is nobody's business
UPDATE user_follow SET created_at = '2020-01-01 UTC';
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :c)
    ON CONFLICT (follower_id, following_id) DO UPDATE SET created_at = '2021-01-01 UTC';
-- not even where the pair should not be there
SET session_replication_role = replica;
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b);
RESET session_replication_role;
BEGIN;
UPDATE user_follow SET created_at = '2022-01-01 UTC' WHERE follower_id = :a AND following_id = :b;
UPDATE user_block SET blocker_id = blocker_id;
TABLE locks;
ROLLBACK;
DELETE FROM user_follow WHERE follower_id = :a AND following_id = :b;
TABLE edges;

-- A follow and a block of oneself, where the table lets them pass
ALTER TABLE user_follow DROP CONSTRAINT user_follow_check;
ALTER TABLE user_block DROP CONSTRAINT user_block_check;
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :a);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :a);
\echo :LAST_ERROR_SQLSTATE

-- Blocks take the follows along
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:c, :a);
TABLE edges;
SELECT status FROM follow_user(:c, :d);
UPDATE user_block SET blocked_id = :d WHERE blocker_id = :c;
TABLE edges;
-- a block that is refused takes none along
SELECT status FROM follow_user(:a, :d);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :d), (:a, :nobody);
TABLE edges;
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :d);
TABLE edges;
DELETE FROM user_block;

-- The locks of the pairs; many pairs lock the graph, many blocks the follow table
BEGIN;
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b), (:b, :a);
TABLE locks;
ROLLBACK;
BEGIN;
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :b);
TABLE locks;
ROLLBACK;
INSERT INTO users SELECT md5(i::text)::uuid FROM generate_series(1, 100) i;
BEGIN;
INSERT INTO user_follow (follower_id, following_id) SELECT :a, md5(i::text)::uuid FROM generate_series(1, 32) i;
INSERT INTO user_block (blocker_id, blocked_id) SELECT :a, md5(i::text)::uuid FROM generate_series(1, 32) i;
TABLE locks;
SELECT count(*) FROM pg_locks WHERE relation = 'user_follow'::regclass AND mode LIKE 'Share%' AND pid = pg_backend_pid();
ROLLBACK;
BEGIN;
INSERT INTO user_follow (follower_id, following_id) SELECT :a, md5(i::text)::uuid FROM generate_series(1, 100) i;
TABLE locks;
INSERT INTO user_block (blocker_id, blocked_id) SELECT :a, md5(i::text)::uuid FROM generate_series(1, 100) i;
SELECT mode FROM pg_locks WHERE relation = 'user_follow'::regclass AND mode LIKE 'Share%' AND pid = pg_backend_pid();
SELECT count(*) FROM user_follow WHERE follower_id = :a;
ROLLBACK;
-- our own functions lock once, and their guards neither lock nor look again
BEGIN;
SELECT status FROM follow_user(:a, :b);
SELECT status FROM block_user(:a, :c);
TABLE locks;
ROLLBACK;

-- At REPEATABLE READ and SERIALIZABLE
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:b, :a);
TABLE edges;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:b, :a);
TABLE edges;
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- Under row security the policy speaks first: nobody learns of other people's blocks, users and follows
DELETE FROM user_follow;
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:b, :a), (:c, :b);
INSERT INTO user_follow (follower_id, following_id) VALUES (:c, :d);
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
\set VERBOSITY sqlstate
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b);
INSERT INTO user_follow (follower_id, following_id) VALUES (:b, :c);
INSERT INTO user_follow (follower_id, following_id) VALUES (:c, :b);
INSERT INTO user_follow (follower_id, following_id) VALUES (:c, :d);
INSERT INTO user_follow (follower_id, following_id) VALUES (:d, :c);
INSERT INTO user_follow (follower_id, following_id) VALUES (:d, :nobody);
INSERT INTO user_follow (follower_id, following_id) VALUES (:d, :d);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:c, :d);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:c, :b);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:c, :nobody);
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :c);
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :nobody);
\set VERBOSITY default
RESET ROLE;
RESET request.jwt.claims;
TABLE edges;
-- the policy hides c's follow of a from a, and the block takes it along all the same
DROP POLICY see_follows ON user_follow;
CREATE POLICY see_follows ON user_follow FOR SELECT
    USING (follower_id = (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid);
INSERT INTO user_follow (follower_id, following_id) VALUES (:c, :a);
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT count(*) FROM user_follow WHERE follower_id = :c;
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :c);
RESET ROLE;
RESET request.jwt.claims;
TABLE edges;

-- A trigger that changes the pair: the guard looks at what is stored
TRUNCATE user_follow, user_block;
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :b);
CREATE FUNCTION divert() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.following_id := ''00000000-0000-0000-0000-00000000000b''; RETURN NEW; END';
CREATE TRIGGER divert BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION divert();
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER divert ON user_follow;
-- also after the guard that locks
CREATE TRIGGER zzz_divert BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION divert();
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
BEGIN;
INSERT INTO user_follow (follower_id, following_id) VALUES (:c, :a);
TABLE locks;
ROLLBACK;
DROP TRIGGER zzz_divert ON user_follow;
-- Triggers that block and follow themselves: what our own functions write excuses no other row
CREATE FUNCTION block_back() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO user_block VALUES (NEW.following_id, NEW.follower_id); RETURN NEW; END';
CREATE TRIGGER block_back BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_users(:a, ARRAY[:c]::uuid[]);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER block_back ON user_follow;
-- another follower's follow of the same user
INSERT INTO user_block VALUES (:d, :c);
CREATE OR REPLACE FUNCTION block_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.follower_id = '00000000-0000-0000-0000-00000000000a' THEN
        INSERT INTO user_follow VALUES ('00000000-0000-0000-0000-00000000000d', NEW.following_id);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER block_back BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER block_back ON user_follow;
DELETE FROM user_block WHERE blocker_id = :d;
-- the same pair for a second time, when a block has come that no guard knows of
CREATE OR REPLACE FUNCTION block_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM user_block WHERE blocker_id = NEW.following_id) THEN
        PERFORM set_config('session_replication_role', 'replica', true);
        INSERT INTO user_block VALUES (NEW.following_id, NEW.follower_id);
        PERFORM set_config('session_replication_role', 'origin', true);
        DELETE FROM user_follow;
        INSERT INTO user_follow VALUES (NEW.follower_id, NEW.following_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER block_back AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER block_back ON user_follow;
CREATE OR REPLACE FUNCTION block_back() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM block_user(NEW.following_id, NEW.follower_id); RETURN NEW; END';
CREATE TRIGGER block_back BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER block_back ON user_follow;
CREATE TRIGGER block_back AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER block_back ON user_follow;
CREATE FUNCTION follow_back() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO user_follow VALUES (NEW.blocked_id, NEW.blocker_id); RETURN NEW; END';
CREATE TRIGGER follow_back BEFORE INSERT ON user_block FOR EACH ROW EXECUTE FUNCTION follow_back();
SELECT status FROM block_user(:c, :d);
TABLE edges;
DROP TRIGGER follow_back ON user_block;
CREATE TRIGGER follow_back AFTER INSERT ON user_block FOR EACH ROW EXECUTE FUNCTION follow_back();
SELECT block_user(:d, :c);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER follow_back ON user_block;
TABLE edges;
TRUNCATE user_follow, user_block;

-- Left off, and put on again
SELECT follow_attach_graph('user_follow', 'user_block', guards => false);
SELECT count(*) FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc;
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :b);
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :b);
SET client_min_messages = warning;
SELECT follow_attach_graph('user_follow', 'user_block');
RESET client_min_messages;
TABLE edges;
SELECT follow_attach_graph('user_follow', 'user_block', remove_blocked_follows => true);
TABLE edges;
-- what somebody has done to them is put right
SET client_min_messages = warning;
ALTER TABLE user_follow DISABLE TRIGGER "0_follow_ext_check";
DROP TRIGGER zz_follow_ext_lock ON user_follow;
CREATE TRIGGER zz_follow_ext_lock BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION follow_guard();
DROP TRIGGER zz_follow_ext_remove ON user_block;
CREATE TRIGGER zz_follow_ext_remove AFTER INSERT OR UPDATE ON user_block FOR EACH ROW WHEN (false) EXECUTE FUNCTION follow_guard();
SELECT follow_attach_graph('user_follow', 'user_block');
SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc ORDER BY 1;
ALTER TABLE user_follow ENABLE REPLICA TRIGGER zz_follow_ext_lock;
ALTER TABLE user_block ENABLE ALWAYS TRIGGER zz_follow_ext_lock;
DROP TRIGGER zz_follow_ext_remove ON user_block;
CREATE CONSTRAINT TRIGGER zz_follow_ext_remove AFTER INSERT OR UPDATE ON user_block DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION follow_guard();
SELECT follow_attach_graph('user_follow', 'user_block');
SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc ORDER BY 1;
SELECT follow_attach_graph('user_follow', 'user_block', guards => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('user_follow', 'user_block', remove_blocked_follows => NULL);
\echo :LAST_ERROR_SQLSTATE
RESET client_min_messages;

-- On a table that is not attached a guard does nothing but say so, once in a transaction
CREATE TABLE theirs (follower_id uuid, following_id uuid, blocker_id uuid, blocked_id uuid);
ALTER TABLE theirs OWNER TO regress_follow_stranger;
GRANT CREATE ON SCHEMA public TO regress_follow_stranger;
SELECT status FROM follow_user(:c, :d);
SET ROLE regress_follow_stranger;
CREATE TRIGGER guard AFTER INSERT ON theirs FOR EACH ROW EXECUTE FUNCTION follow_guard();
INSERT INTO theirs VALUES (:c, :d, :c, :d), (:a, :b, :a, :b);
CREATE TABLE user_follow_of_theirs (LIKE theirs INCLUDING ALL);
CREATE TRIGGER guard BEFORE INSERT ON user_follow_of_theirs FOR EACH ROW EXECUTE FUNCTION follow_guard();
INSERT INTO user_follow_of_theirs VALUES (:a, :b, :a, :b);
-- nor at a moment that is not its own
CREATE TRIGGER late AFTER DELETE ON theirs FOR EACH ROW EXECUTE FUNCTION follow_guard();
DELETE FROM theirs;
\echo :LAST_ERROR_SQLSTATE
CREATE TRIGGER whole BEFORE INSERT ON theirs FOR EACH STATEMENT EXECUTE FUNCTION follow_guard();
INSERT INTO theirs VALUES (:a, :b);
\echo :LAST_ERROR_SQLSTATE
CREATE VIEW view_of_theirs AS TABLE theirs;
CREATE TRIGGER instead INSTEAD OF INSERT ON view_of_theirs FOR EACH ROW EXECUTE FUNCTION follow_guard();
INSERT INTO view_of_theirs VALUES (:a, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_guard();
-- a partition of their own table, not of the graph's
CREATE TABLE split (LIKE theirs) PARTITION BY LIST (follower_id);
CREATE TABLE split_default PARTITION OF split DEFAULT;
CREATE TRIGGER guard AFTER INSERT ON split FOR EACH ROW EXECUTE FUNCTION follow_guard();
INSERT INTO split VALUES (:a, :b, :a, :b);
RESET ROLE;
TABLE edges;
DROP VIEW view_of_theirs;
DROP TABLE theirs, user_follow_of_theirs, split;
REVOKE CREATE ON SCHEMA public FROM regress_follow_stranger;

-- Partitions, with columns in another order, with a statement on the partition itself
SELECT follow_detach_graph();
SELECT count(*) FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc;
DROP VIEW edges;
DROP TABLE user_follow;
TRUNCATE user_block;
CREATE TABLE user_follow (
    follower_id uuid NOT NULL,
    following_id uuid,
    created_at timestamptz DEFAULT now(),
    UNIQUE (follower_id, following_id)
) PARTITION BY HASH (follower_id);
CREATE TABLE user_follow_0 PARTITION OF user_follow FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE user_follow_1 (created_at timestamptz, dropped int, following_id uuid, follower_id uuid NOT NULL);
ALTER TABLE user_follow_1 DROP dropped;
SET client_min_messages = error;
SELECT follow_attach_graph('user_follow', 'user_block');
RESET client_min_messages;
ALTER TABLE user_follow ATTACH PARTITION user_follow_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc ORDER BY 1, 2;
SELECT tableoid::regclass, count(*) FROM user_follow GROUP BY 1;
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:a, :b), (:c, :b), (:d, :b);
\set VERBOSITY sqlstate
INSERT INTO user_follow VALUES (:a, :b);
INSERT INTO user_follow VALUES (:b, :a);
INSERT INTO user_follow VALUES (:c, :b);
INSERT INTO user_follow VALUES (:d, :b);
\set VERBOSITY default
INSERT INTO user_follow VALUES (:a, :c), (:b, md5('1')::uuid), (:c, :a), (:d, :a);
SELECT tableoid::regclass, follower_id FROM user_follow ORDER BY 2;
DO $$
DECLARE
    follow record;
BEGIN
    FOR follow IN SELECT tableoid::regclass AS partition, follower_id FROM user_follow LOOP
        IF follow.follower_id = '00000000-0000-0000-0000-00000000000b' THEN
            CONTINUE;
        END IF;
        BEGIN
            EXECUTE format('INSERT INTO %s (follower_id, following_id) VALUES ($1, $2)', follow.partition)
            USING follow.follower_id, '00000000-0000-0000-0000-00000000000b'::uuid;
            RAISE EXCEPTION 'a follow passed by the block';
        EXCEPTION WHEN SQLSTATE 'PT403' THEN NULL;
        END;
    END LOOP;
END
$$;
-- to another partition, and to a blocked pair
UPDATE user_follow SET follower_id = :d, following_id = :c WHERE follower_id = :a;
UPDATE user_follow SET following_id = :b WHERE follower_id = :d AND following_id = :c;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:d, :c);
SELECT follower_id, following_id FROM user_follow ORDER BY 1, 2;
-- a guard that somebody has silenced on a partition speaks again
ALTER TABLE user_follow_0 DISABLE TRIGGER zz_follow_ext_lock;
SET client_min_messages = error;
SELECT follow_attach_graph('user_follow', 'user_block');
RESET client_min_messages;
SELECT count(*) FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc AND tgenabled = 'O';
-- a row without one of its users is nobody's edge
INSERT INTO user_follow VALUES (:a, NULL);
ALTER TABLE user_follow DETACH PARTITION user_follow_1;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'follow_guard'::regproc ORDER BY 1, 2;

SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP VIEW locks;
DROP TABLE user_follow, user_follow_1, user_block, users;
DROP FUNCTION divert(), block_back(), follow_back();
DROP ROLE regress_follow_user, regress_follow_stranger;
