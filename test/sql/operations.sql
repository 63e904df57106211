-- unfollow_user, remove_follower, block_user and unblock_user: answers, refusals, locks.
CREATE EXTENSION follow_ext;
\set SHOW_CONTEXT never
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''
CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users VALUES (:a), (:b), (:c);
SELECT follow_create_graph(users_table => 'users');
CREATE VIEW locks AS
    SELECT objsubid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY 1;
CREATE VIEW edges AS
    SELECT 'follow' AS edge, follower_id AS from_id, following_id AS to_id FROM user_follow
    UNION ALL SELECT 'block', blocker_id, blocked_id FROM user_block ORDER BY 1, 2, 3;

-- Unfollow, by either side
SELECT status FROM follow_user(:a, :b);
SELECT status FROM follow_user(:b, :a);
SELECT * FROM unfollow_user(:a, :b);
SELECT * FROM unfollow_user(:a, :b);
SELECT * FROM remove_follower(:a, :b);
SELECT * FROM remove_follower(:a, :b);
SELECT status FROM unfollow_user(:a, :nobody);
TABLE edges;

-- A block takes both follows along; the other side may block too; an end restores nothing
SELECT status FROM follow_user(:a, :b);
SELECT status FROM follow_user(:b, :a);
SELECT status FROM follow_user(:b, :c);
SELECT * FROM block_user(:a, :b);
SELECT * FROM block_user(:a, :b);
SELECT status FROM block_user(:b, :a);
TABLE edges;
SELECT status FROM follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM unblock_user(:a, :b);
SELECT * FROM unblock_user(:a, :b);
SELECT status FROM follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT status FROM unblock_user(:b, :a);
SELECT status FROM follow_user(:a, :b);
TABLE edges;

-- A follow that slipped in beside a block, before there were guards
SET session_replication_role = replica;
INSERT INTO user_block VALUES (:b, :a);
RESET session_replication_role;
TABLE edges;
SELECT status FROM block_user(:b, :a);
TABLE edges;
SELECT status FROM unblock_user(:b, :a);

-- Refused
\set VERBOSITY sqlstate
SELECT unfollow_user(:a, NULL);
SELECT unfollow_user(NULL, :a);
SELECT unfollow_user(:a, :a);
SELECT remove_follower(:a, NULL);
SELECT remove_follower(:a, :a);
SELECT block_user(NULL, :a);
SELECT block_user(:a, NULL);
SELECT block_user(:a, :a);
SELECT block_user(:a, :nobody);
SELECT block_user(:nobody, :a);
SELECT unblock_user(:a, NULL);
SELECT unblock_user(:a, :a);
SELECT unfollow_user(:a);
SELECT remove_follower(:a);
SELECT block_user(:a);
SELECT unblock_user(:a);
BEGIN READ ONLY;
SELECT unfollow_user(:a, :b);
ROLLBACK;
BEGIN READ ONLY;
SELECT remove_follower(:a, :b);
ROLLBACK;
BEGIN READ ONLY;
SELECT block_user(:a, :b);
ROLLBACK;
BEGIN READ ONLY;
SELECT unblock_user(:a, :b);
ROLLBACK;
\set VERBOSITY default
SELECT block_user(:a, :a);
SELECT block_user(:a, :nobody);
TABLE edges;

-- As the one who is signed in
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT status FROM follow_user(:b);
SELECT status FROM follow_user(:b, :a);
SELECT * FROM unfollow_user(:b);
SELECT * FROM remove_follower(:b);
SELECT * FROM block_user(:b);
SELECT * FROM unblock_user(:b);
SELECT status FROM block_user(blocked_id => :a);
\echo :LAST_ERROR_SQLSTATE
RESET request.jwt.claims;

-- One lock for a pair, whatever is done; a block holds the graph's too, in a mode that only bulk follows mind
BEGIN;
SELECT status FROM unfollow_user(:a, :b);
SELECT status FROM unblock_user(:b, :a);
TABLE locks;
SELECT status FROM block_user(:b, :a);
TABLE locks;
ROLLBACK;
-- past the limit: no lock for an unblock, the graph's for an unfollow, the follow table for a block
INSERT INTO users SELECT md5(i::text)::uuid FROM generate_series(1, 100) i;
BEGIN;
SELECT count(*) FROM generate_series(1, 100) i, unblock_user(:a, md5(i::text)::uuid);
SELECT objsubid, mode, count(*) FROM locks GROUP BY 1, 2;
SELECT count(*) FROM generate_series(1, 100) i, unfollow_user(:a, md5(i::text)::uuid);
SELECT objsubid, mode, count(*) FROM locks GROUP BY 1, 2 ORDER BY 1;
ROLLBACK;
BEGIN;
SELECT status, count(*) FROM generate_series(1, 100) i, block_user(:a, md5(i::text)::uuid) GROUP BY 1;
SELECT objsubid, mode, count(*) FROM locks GROUP BY 1, 2 ORDER BY 1;
SELECT mode FROM pg_locks WHERE relation = 'user_follow'::regclass AND mode LIKE 'Share%' AND pid = pg_backend_pid();
ROLLBACK;
-- a bulk follow leaves a block its pair's lock
BEGIN;
SELECT count(*) FROM follow_users(:a, ARRAY(SELECT id FROM users));
SELECT status FROM block_user(:a, :b);
TABLE locks;
SELECT count(*) FROM pg_locks WHERE relation = 'user_follow'::regclass AND mode LIKE 'Share%' AND pid = pg_backend_pid();
ROLLBACK;
-- given up with a savepoint, the locks are taken again
BEGIN;
SAVEPOINT s;
SELECT status, count(*) FROM generate_series(1, 100) i, block_user(:a, md5(i::text)::uuid) GROUP BY 1;
ROLLBACK TO s;
SELECT count(*) FROM pg_locks WHERE relation = 'user_follow'::regclass AND mode LIKE 'Share%' AND pid = pg_backend_pid();
SELECT status FROM block_user(:a, :b);
SELECT count(*) FROM pg_locks WHERE relation = 'user_follow'::regclass AND mode LIKE 'Share%' AND pid = pg_backend_pid();
ROLLBACK;

-- Locks are the transaction's, not the cursor's: a fetch that fails gives up none that an earlier fetch took
CREATE VIEW tables_locked AS
    SELECT relation::regclass, mode FROM pg_locks
    WHERE relation IN ('user_follow'::regclass, 'user_block'::regclass) AND mode LIKE '%Row%' AND pid = pg_backend_pid()
    ORDER BY 1, 2;
BEGIN;
DECLARE follow_two CURSOR FOR SELECT status FROM (VALUES (:b), (:a)) v (target), follow_user(:a, v.target::uuid);
FETCH follow_two;
SAVEPOINT s;
FETCH follow_two;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
TABLE locks;
TABLE tables_locked;
ROLLBACK;
BEGIN;
DECLARE block_two CURSOR FOR SELECT status FROM (VALUES (:b), (:a)) v (target), block_user(:a, v.target::uuid);
FETCH block_two;
SAVEPOINT s;
FETCH block_two;
ROLLBACK TO s;
TABLE locks;
TABLE tables_locked;
ROLLBACK;
BEGIN;
CREATE FUNCTION bulk_once(follower uuid) RETURNS bigint LANGUAGE sql AS
    'SELECT count(*) FROM follow_users(follower, ARRAY(SELECT id FROM users))';
DECLARE bulk_two CURSOR FOR SELECT bulk_once(v.follower::uuid) FROM (VALUES (:a), (NULL)) v (follower);
FETCH bulk_two;
SAVEPOINT s;
FETCH bulk_two;
ROLLBACK TO s;
TABLE locks;
TABLE tables_locked;
ROLLBACK;
BEGIN;
CREATE FUNCTION insert_once(follower uuid, following uuid) RETURNS uuid LANGUAGE sql AS
    'INSERT INTO user_follow VALUES ($1, $2) RETURNING following_id';
DECLARE insert_two CURSOR FOR SELECT insert_once(:a, v.target::uuid) FROM (VALUES (:b), (:a)) v (target);
FETCH insert_two;
SAVEPOINT s;
\set VERBOSITY sqlstate
FETCH insert_two;
\set VERBOSITY default
ROLLBACK TO s;
TABLE locks;
ROLLBACK;
DROP VIEW tables_locked;

-- At every level a transaction sees what it did itself
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT status FROM follow_user(:a, :b);
SELECT status FROM block_user(:b, :a);
SELECT status FROM unblock_user(:b, :a);
SELECT status FROM follow_user(:a, :b);
SELECT status FROM unfollow_user(:a, :b);
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status FROM follow_user(:a, :b);
SELECT status FROM block_user(:b, :a);
SELECT status FROM unblock_user(:b, :a);
SELECT status FROM follow_user(:a, :b);
SELECT status FROM unfollow_user(:a, :b);
COMMIT;

-- A trigger that keeps a follow in place keeps the block away
SELECT status FROM follow_user(:a, :b);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION keep();
SELECT block_user(:b, :a);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER keep ON user_follow;
-- and so does one that keeps the block away
CREATE TRIGGER keep BEFORE INSERT ON user_block FOR EACH ROW EXECUTE FUNCTION keep();
SELECT block_user(:b, :a);
\echo :LAST_ERROR_SQLSTATE
TABLE edges;
DROP TRIGGER keep ON user_block;
-- a rule for DELETE would do it without a word
SELECT follow_detach_graph();
CREATE RULE keep AS ON DELETE TO user_follow DO INSTEAD NOTHING;
SELECT follow_attach_graph('user_follow', 'user_block');
\echo :LAST_ERROR_SQLSTATE
DROP RULE keep ON user_follow;

-- Foreign keys that are checked at commit
ALTER TABLE user_block ALTER CONSTRAINT user_block_blocked_id_fkey DEFERRABLE INITIALLY DEFERRED;
SELECT follow_attach_graph('user_follow', 'user_block');
SELECT block_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT block_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP VIEW edges, locks;
DROP TABLE user_follow, user_block, users;
DROP FUNCTION keep();
