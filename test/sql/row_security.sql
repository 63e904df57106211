-- The app's policies decide who may follow as whom, and what a refusal tells.
CREATE EXTENSION follow_ext;
\getenv abs_srcdir PG_ABS_SRCDIR
\set schema :abs_srcdir '/app/schema.sql'
\set ECHO none
\i :schema
\set ECHO all

\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set d '\'00000000-0000-0000-0000-00000000000d\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''
INSERT INTO auth.users (id) VALUES (:a), (:b), (:c), (:d);
SELECT follow_attach_graph('user_follow', 'user_block');

-- b follows a and c; b has blocked d; d does not see that
INSERT INTO user_follow (follower_id, following_id) VALUES (:b, :a), (:b, :c);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:b, :d);

-- a is signed in
SET ROLE authenticated;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT status FROM follow_user(:a, :b);
SELECT status FROM follow_user(:a, :b);
SELECT status, follower_id FROM follow_user(:c);
-- as b: the policy's error, the same whatever is there: an edge that a sees, one that a doesn't, a block, no edge, nobody
SELECT follow_user(:b, :a);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:b, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:b, :d);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:c, :d);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:b, :nobody);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:nobody, :b);
\echo :LAST_ERROR_SQLSTATE
-- the same at the other levels, where a look may differ from the transaction's snapshot
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT follow_user(:b, :a);
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT follow_user(:b, :d);
ROLLBACK;
-- nobody of a's
SELECT follow_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE

-- d is signed in, and does not see the block that refuses d
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000d"}';
SELECT count(*) FROM user_block;
SELECT follow_user(:d, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:b);
\echo :LAST_ERROR_SQLSTATE
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT follow_user(:b);
ROLLBACK;
-- and b, who blocked, is refused too
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT follow_user(:d);
\echo :LAST_ERROR_SQLSTATE

-- Nobody is signed in
SET request.jwt.claims = '';
SELECT follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:b);
\echo :LAST_ERROR_SQLSTATE
RESET request.jwt.claims;

-- A role without INSERT, repeats and all
SET ROLE anon;
SELECT follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, :d);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- A service role, which policies do not apply to, acts for anyone, and is told of the block
SET ROLE service_role;
SELECT status FROM follow_user(:b, :a);
SELECT status FROM follow_user(:c, :d);
SELECT follow_user(:b, :d);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- INSERT alone is enough: no SELECT on anything, on the whole table or on the two columns of the pair
CREATE ROLE regress_follow_writer;
GRANT INSERT ON user_follow TO regress_follow_writer;
CREATE POLICY writer ON user_follow FOR INSERT TO regress_follow_writer WITH CHECK (true);
SET ROLE regress_follow_writer;
SELECT status, created_at IS NOT NULL AS has_time FROM follow_user(:d, :a);
SELECT status, created_at IS NOT NULL AS has_time FROM follow_user(:d, :a);
SELECT follow_user(:d, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM user_follow;
RESET ROLE;
REVOKE INSERT ON user_follow FROM regress_follow_writer;
GRANT INSERT (following_id) ON user_follow TO regress_follow_writer;
SET ROLE regress_follow_writer;
SELECT follow_user(:d, :c);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT INSERT (follower_id) ON user_follow TO regress_follow_writer;
SET ROLE regress_follow_writer;
SELECT status FROM follow_user(:d, :c);
SELECT status FROM follow_user(:d, :c);
RESET ROLE;
-- without policies too
ALTER TABLE user_follow DISABLE ROW LEVEL SECURITY;
SET ROLE regress_follow_writer;
SELECT status FROM follow_user(:d, :c);
SELECT status FROM follow_user(:a, :d);
RESET ROLE;
ALTER TABLE user_follow ENABLE ROW LEVEL SECURITY;
DELETE FROM user_follow WHERE follower_id = :a AND following_id = :d;

-- Nothing of the schema may be used without USAGE on it, whoever prepared the statement before
CREATE SCHEMA hidden;
ALTER TABLE user_follow SET SCHEMA hidden;
SELECT status FROM follow_user(:d, :c);
SET ROLE authenticated;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT follow_user(:d);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
ALTER TABLE hidden.user_follow SET SCHEMA public;

-- row_security = off asks for an error instead of a policy
SET ROLE authenticated;
SET row_security = off;
SELECT follow_user(:d);
\echo :LAST_ERROR_SQLSTATE
RESET row_security;
SELECT status FROM follow_user(:d);
RESET ROLE;

-- The owner's own looks see everything, even where the owner is held to the policies
CREATE ROLE regress_follow_owner;
GRANT USAGE ON SCHEMA auth TO regress_follow_owner;
GRANT REFERENCES, SELECT, UPDATE ON auth.users TO regress_follow_owner;
ALTER TABLE user_follow OWNER TO regress_follow_owner;
ALTER TABLE user_block OWNER TO regress_follow_owner;
ALTER TABLE user_follow FORCE ROW LEVEL SECURITY;
ALTER TABLE user_block FORCE ROW LEVEL SECURITY;
SET ROLE authenticated;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000d"}';
SELECT follow_user(:b);
\echo :LAST_ERROR_SQLSTATE
SELECT status FROM follow_user(:a);
SET ROLE regress_follow_owner;
SELECT follow_user(:b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_user(:b, :c);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Policies of the caller's that read the table itself, and one that hides every row
CREATE POLICY at_most_five ON user_follow AS RESTRICTIVE FOR INSERT TO authenticated
    WITH CHECK ((SELECT count(*) FROM user_follow f) < 5);
DROP POLICY "both parties see a follow" ON user_follow;
SET ROLE authenticated;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000c"}';
SELECT status FROM follow_user(:a);
SELECT status FROM follow_user(:a);
RESET ROLE;
RESET request.jwt.claims;

-- FOR ALL policies, and the sub claim in capitals
DROP POLICY at_most_five ON user_follow;
DROP POLICY "the follower follows" ON user_follow;
CREATE POLICY own ON user_follow USING (follower_id = follow_caller_id());
SET ROLE authenticated;
SET request.jwt.claims = '{"sub": "{00000000-0000-0000-0000-00000000000C}", "role": "authenticated"}';
SELECT status, follower_id FROM follow_user(:d);
SELECT status FROM follow_user(:d);
SELECT follow_user(:a, :d);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
RESET request.jwt.claims;
DROP POLICY own ON user_follow;

SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP TABLE user_follow, user_block, user_profile;
DROP SCHEMA auth, hidden CASCADE;
DROP ROLE regress_follow_writer, regress_follow_owner;
