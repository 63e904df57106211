-- follow_users: an answer for each target, in one step.
CREATE EXTENSION follow_ext;
\set SHOW_CONTEXT never
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set d '\'00000000-0000-0000-0000-00000000000d\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''
CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users VALUES (:a), (:b), (:c), (:d);
INSERT INTO users SELECT md5(i::text)::uuid FROM generate_series(1, 40) i;
CREATE ROLE regress_follow_user;
SELECT follow_create_graph(users_table => 'users', roles => '{regress_follow_user}');
CREATE VIEW locks AS
    SELECT objsubid, mode, count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
    GROUP BY 1, 2 ORDER BY 1;

-- Every status, each target once, in the order of first appearance
SELECT status FROM follow_user(:a, :b);
SELECT status FROM block_user(:c, :a);
SELECT * FROM follow_users(:a, ARRAY[:d, :nobody, :b, :a, :c, :d, :b]::uuid[]);
SELECT * FROM follow_users(:a, ARRAY[:d, :nobody, :b, :a, :c]::uuid[]);
SELECT follower_id, following_id FROM user_follow ORDER BY 1, 2;
SELECT status FROM follow_users(follower_id => :a, following_ids => '[5:6]={00000000-0000-0000-0000-00000000000b,00000000-0000-0000-0000-00000000000d}');
SELECT * FROM follow_users(:a, '{}');
SELECT * FROM follow_users(:a, ARRAY[:a]::uuid[]);
SELECT (follow_users(:b, ARRAY[:c, :d]::uuid[])).status;
SELECT count(*) FROM (SELECT FROM follow_users(:d, ARRAY[:a, :b, :c]::uuid[]) LIMIT 1) one;
SELECT count(*) FROM user_follow WHERE follower_id = :d;

-- Refused, and nothing is done
\set VERBOSITY sqlstate
SELECT follow_users(NULL, ARRAY[:b]::uuid[]);
SELECT follow_users(:a, NULL);
SELECT follow_users(:c, ARRAY[:b, NULL]::uuid[]);
SELECT follow_users(:c, ARRAY[[:b], [:d]]::uuid[]);
SELECT follow_users(:nobody, ARRAY[:b, :d]::uuid[]);
SELECT follow_users(ARRAY[:b]::uuid[]);
BEGIN READ ONLY;
SELECT follow_users(:a, ARRAY[:b]::uuid[]);
ROLLBACK;
\set VERBOSITY default
SELECT follow_users(:c, ARRAY[:b, NULL]::uuid[]);
SELECT follow_users(:c, ARRAY[[:b], [:d]]::uuid[]);
SELECT follow_users(:nobody, ARRAY[:b, :d]::uuid[]);
-- a follower who does not exist is noticed where there is somebody to follow
SELECT status FROM follow_users(:nobody, ARRAY[:nobody]::uuid[]);

-- Few pairs are locked one by one, many as a graph, and after that no pair any more
BEGIN;
SELECT count(*) FROM follow_users(:b, ARRAY[:d, :a]::uuid[]);
TABLE locks;
SELECT status, count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users)) GROUP BY 1 ORDER BY 1;
TABLE locks;
SELECT status FROM follow_user(:d, md5('1')::uuid);
TABLE locks;
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users));
ROLLBACK TO s;
TABLE locks;
SELECT count(*) FROM follow_users(:b, ARRAY[:d]::uuid[]);
TABLE locks;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT status, count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users)) GROUP BY 1 ORDER BY 1;
SELECT status, count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users)) GROUP BY 1 ORDER BY 1;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status, count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users)) GROUP BY 1 ORDER BY 1;
SELECT status, count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users)) GROUP BY 1 ORDER BY 1;
ROLLBACK;

-- Under row security the policy speaks first, whatever the statuses would have been
GRANT EXECUTE ON FUNCTION follow_counts TO regress_follow_user;
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT status FROM follow_users(ARRAY[:b, :c, :nobody, :a, md5('1')::uuid]::uuid[]);
\set VERBOSITY sqlstate
SELECT follow_users(:c, ARRAY[:a]::uuid[]);
SELECT follow_users(:c, ARRAY[:nobody]::uuid[]);
SELECT follow_users(:b, ARRAY[:c]::uuid[]);
SELECT follow_users(:b, ARRAY[:d]::uuid[]);
SELECT follow_users(:b, ARRAY[:a]::uuid[]);
SELECT follow_users(:b, ARRAY[:nobody, :a]::uuid[]);
SELECT follow_users(:nobody, ARRAY[:a]::uuid[]);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT follow_users(:b, ARRAY[:nobody, :a]::uuid[]);
ROLLBACK;
\set VERBOSITY default
SELECT status FROM follow_users(:b, ARRAY[:b]::uuid[]);
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status FROM follow_users(ARRAY[:b, :c, :nobody, :a, md5('2')::uuid]::uuid[]);
ROLLBACK;
RESET ROLE;
RESET request.jwt.claims;
-- A foreign key that is checked at commit says nothing of a target in time; another constraint that is leaves no ON CONFLICT
ALTER TABLE user_follow ALTER CONSTRAINT user_follow_following_id_fkey DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE user_follow ADD id uuid DEFAULT gen_random_uuid() UNIQUE DEFERRABLE;
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT status FROM follow_users(ARRAY[:nobody, md5('4')::uuid]::uuid[]);
SELECT status FROM follow_users(ARRAY[:b, :c, :nobody, md5('5')::uuid]::uuid[]);
SELECT status FROM follow_users(ARRAY[:b, md5('5')::uuid]::uuid[]);
SELECT status FROM follow_user(md5('6')::uuid);
SELECT status FROM follow_user(md5('6')::uuid);
SELECT follow_users(:b, ARRAY[:c]::uuid[]);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
CREATE POLICY not_them ON user_follow AS RESTRICTIVE FOR INSERT
    WITH CHECK (following_id NOT IN (md5('6')::uuid, 'ffffffff-0000-0000-0000-000000000000'));
SET ROLE regress_follow_user;
-- one is there, one is refused: in the order of their ids, and the other way round
SELECT follow_users(ARRAY[:b, md5('6')::uuid]::uuid[]);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_users(ARRAY[md5('5')::uuid, 'ffffffff-0000-0000-0000-000000000000']::uuid[]);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP POLICY not_them ON user_follow;
RESET request.jwt.claims;
SELECT status FROM follow_users(:b, ARRAY[:d, :nobody, md5('5')::uuid]::uuid[]);
SELECT status FROM follow_users(:b, ARRAY[:d, :nobody, md5('5')::uuid]::uuid[]);
-- INSERT alone is enough
REVOKE SELECT, DELETE ON user_follow, user_block FROM regress_follow_user;
REVOKE ALL ON user_block FROM regress_follow_user;
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT status FROM follow_users(ARRAY[:b, :c, :nobody, :a, md5('3')::uuid]::uuid[]);
RESET ROLE;
REVOKE INSERT ON user_follow FROM regress_follow_user;
SET ROLE regress_follow_user;
SELECT follow_users(ARRAY[:b]::uuid[]);
RESET ROLE;
RESET request.jwt.claims;

-- A trigger that keeps one row away, and a table without foreign keys
SELECT follow_detach_graph();
DROP TABLE user_follow, user_block;
SELECT follow_create_graph();
CREATE FUNCTION keep_away() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF NEW.following_id = ''00000000-0000-0000-0000-00000000000c'' THEN RETURN NULL; END IF; RETURN NEW; END';
CREATE TRIGGER keep_away BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION keep_away();
SELECT follow_users(:a, ARRAY[:b, :c, :d]::uuid[]);
\echo :LAST_ERROR_SQLSTATE
SELECT status FROM follow_users(:a, ARRAY[:b, :nobody]::uuid[]);

-- Partitions, a foreign key that is checked at commit
SELECT follow_detach_graph();
DROP TABLE user_follow;
CREATE TABLE user_follow (
    follower_id uuid NOT NULL REFERENCES users DEFERRABLE INITIALLY DEFERRED,
    following_id uuid NOT NULL REFERENCES users DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (following_id, follower_id)
) PARTITION BY HASH (following_id);
CREATE TABLE user_follow_0 PARTITION OF user_follow FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE user_follow_1 PARTITION OF user_follow FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO user_block VALUES (:a, md5('7')::uuid);
SET client_min_messages = error;
SELECT follow_attach_graph('user_follow', 'user_block');
RESET client_min_messages;
SELECT status, count(*) FROM follow_users(:a, ARRAY(SELECT id FROM users) || ARRAY[:nobody]::uuid[]) GROUP BY 1 ORDER BY 1;
SELECT status, count(*) FROM follow_users(:a, ARRAY(SELECT id FROM users) || ARRAY[:nobody]::uuid[]) GROUP BY 1 ORDER BY 1;
SELECT follow_users(:nobody, ARRAY[:b]::uuid[]);
\echo :LAST_ERROR_SQLSTATE

-- Rules, which leave no ON CONFLICT
CREATE RULE log AS ON INSERT TO user_follow DO ALSO SELECT 1;
SELECT status, count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users) || ARRAY[:nobody]::uuid[]) GROUP BY 1 ORDER BY 1;
SELECT status, count(*) FROM follow_users(:b, ARRAY(SELECT id FROM users) || ARRAY[:nobody]::uuid[]) GROUP BY 1 ORDER BY 1;

SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP VIEW locks;
DROP TABLE user_follow, user_block, users;
DROP FUNCTION keep_away();
DROP ROLE regress_follow_user;
