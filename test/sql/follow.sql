-- follow_user on tables that the extension made: answers, errors, transactions.
CREATE SCHEMA app;
CREATE EXTENSION follow_ext;
SET search_path = app, public;

\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''

-- Nothing attached yet
SELECT * FROM follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE

CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users VALUES (:a), (:b), (:c);
SELECT follow_create_graph(users_table => 'users');

-- New, then repeated: the time is the row's own
SELECT status, follower_id, following_id, created_at = now() AS is_now FROM follow_user(:a, :b);
UPDATE user_follow SET created_at = '2020-02-02 02:02:02+00';
SET timezone = 'UTC';
SELECT * FROM follow_user(:a, :b);
SELECT (follow_user(:a, :b)).status;
SELECT to_json(f) FROM follow_user(:a, :b) f;
-- The other direction is another edge
SELECT status FROM follow_user(:b, :a);
SELECT follower_id, following_id FROM user_follow ORDER BY 1, 2;

-- By name, in any order
SELECT status, follower_id FROM follow_user(following_id => :c, follower_id => :a);

-- Over many rows, in one statement; the second of two equal rows sees the first
SELECT status, count(*) FROM (VALUES (:c), (:c), (:a), (:a), (:a)) v (target), follow_user(:b, v.target::uuid) GROUP BY 1 ORDER BY 1;

-- Refused
SELECT follow_user(:a, :a);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(NULL, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(NULL::uuid);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:nobody, :a);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, 'bob');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, :b, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user();
\echo :LAST_ERROR_SQLSTATE

-- Nobody is signed in
SELECT follow_user(:b);
\echo :LAST_ERROR_SQLSTATE

-- Blocked, whoever blocked whom
INSERT INTO user_block VALUES (:c, :b);
SELECT follow_user(:c, :b);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM user_follow WHERE follower_id = :b AND following_id = :c;
SELECT follow_user(:b, :c);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM user_block;
SELECT status FROM follow_user(:b, :c);

-- A READ ONLY transaction refuses both, and before anything else
BEGIN READ ONLY;
SELECT follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT follow_user(NULL, NULL);
ROLLBACK;

-- A follow that is rolled back leaves nothing
TRUNCATE user_follow;
BEGIN;
SELECT status FROM follow_user(:a, :b);
ROLLBACK;
SELECT count(*) FROM user_follow;
BEGIN;
SAVEPOINT s;
SELECT status FROM follow_user(:a, :b);
ROLLBACK TO s;
SELECT status FROM follow_user(:a, :b);
SELECT status FROM follow_user(:a, :b);
SAVEPOINT t;
SELECT follow_user(:a, :nobody);
ROLLBACK TO t;
SELECT status FROM follow_user(:a, :c);
COMMIT;
SELECT count(*) FROM user_follow;

-- The lock is visible, of a class of its own, and goes with the transaction or the savepoint; a repeated follow takes
-- neither a lock nor a transaction id
CREATE VIEW locks AS
    SELECT objsubid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
BEGIN;
SELECT status FROM follow_user(:a, :b);
SELECT * FROM locks;
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_transaction_id;
SAVEPOINT s;
SELECT status FROM follow_user(:b, :c);
SELECT count(*) FROM locks;
SELECT status FROM follow_user(:c, :b);
SELECT count(*) AS the_same_lock FROM locks;
ROLLBACK TO s;
SELECT count(*) FROM locks;
COMMIT;
SELECT count(*) FROM locks;

-- The locks of many follows in one transaction give way to one lock of the graph
INSERT INTO users SELECT md5(i::text)::uuid FROM generate_series(1, 100) i;
BEGIN;
SELECT status, count(*) FROM generate_series(1, 100) i, follow_user(:a, md5(i::text)::uuid) GROUP BY 1;
SELECT objsubid, mode, count(*) FROM locks GROUP BY 1, 2 ORDER BY 1;
ROLLBACK;
BEGIN;
SELECT status FROM follow_user(:a, md5('1')::uuid);
SELECT objsubid, mode, count(*) FROM locks GROUP BY 1, 2;
ROLLBACK;

-- One transaction at each level: its own changes are seen
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT status FROM follow_user(:b, :a);
SELECT status FROM follow_user(:b, :a);
DELETE FROM user_follow WHERE follower_id = :b;
SELECT status FROM follow_user(:b, :a);
INSERT INTO user_block VALUES (:a, :b);
SELECT status FROM follow_user(:b, :a);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status FROM follow_user(:b, :a);
SELECT status FROM follow_user(:b, :a);
DELETE FROM user_follow WHERE follower_id = :b;
SELECT status FROM follow_user(:b, :a);
COMMIT;

-- Inside a function, a procedure that commits, and an exception block
DO $$
BEGIN
    FOR i IN 1..3 LOOP
        PERFORM follow_user('00000000-0000-0000-0000-00000000000c', md5(i::text)::uuid);
        COMMIT;
    END LOOP;
    BEGIN
        PERFORM follow_user('00000000-0000-0000-0000-00000000000c', md5('4')::uuid);
        RAISE 'undo';
    EXCEPTION WHEN raise_exception THEN
        NULL;
    END;
END
$$;
SELECT count(*) FROM user_follow WHERE follower_id = :c;

-- A prepared statement, past the number of custom plans
PREPARE f (uuid) AS SELECT status FROM follow_user('00000000-0000-0000-0000-00000000000a', $1);
EXECUTE f (md5('1')::uuid);
EXECUTE f (md5('2')::uuid);
EXECUTE f (md5('3')::uuid);
EXECUTE f (md5('4')::uuid);
EXECUTE f (md5('5')::uuid);
EXECUTE f (md5('6')::uuid);
EXECUTE f (md5('6')::uuid);
DEALLOCATE f;

SELECT follow_detach_graph();
SELECT follow_detach_graph();
SELECT follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
DROP EXTENSION follow_ext;
DROP SCHEMA app CASCADE;
