-- What cannot be attached: the error's code, what it says, and what to do.
CREATE SCHEMA refused;
CREATE EXTENSION follow_ext;
SET search_path = refused, public;

CREATE TABLE f (follower_id uuid, following_id uuid, created_at timestamptz, PRIMARY KEY (follower_id, following_id));
CREATE TABLE k (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));

-- Arguments
SELECT follow_attach_graph(NULL, 'k');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'k', follower_column => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'nowhere');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'f', blocker_column => 'follower_id', blocked_column => 'following_id');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'k', 'fan');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'k', 'follower_id', 'follower_id');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'k', created_at_column => 'since');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'k', created_at_column => 'follower_id');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f', 'k', 'ctid');
\echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT follow_attach_graph('f', 'k');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- Columns
CREATE TABLE t (follower_id text, following_id uuid, UNIQUE (follower_id, following_id));
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE t;
CREATE DOMAIN user_id AS uuid;
CREATE TABLE t (follower_id user_id, following_id uuid, UNIQUE (follower_id, following_id));
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE t;
CREATE TABLE t (follower_id uuid, following_id uuid GENERATED ALWAYS AS (follower_id) STORED, UNIQUE (follower_id, following_id));
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE t;
SELECT follow_attach_graph('f', 'f');
\echo :LAST_ERROR_SQLSTATE

-- Unique indexes: none, another one, one that does not always hold
CREATE TABLE t (follower_id uuid, following_id uuid, room int DEFAULT 0);
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON t (follower_id, following_id);
CREATE UNIQUE INDEX ON t (follower_id, following_id, room);
CREATE UNIQUE INDEX ON t (follower_id);
CREATE UNIQUE INDEX ON t (following_id) INCLUDE (follower_id);
CREATE UNIQUE INDEX ON t (least(follower_id, following_id), greatest(follower_id, following_id));
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
CREATE UNIQUE INDEX half ON t (follower_id, following_id) WHERE room = 0;
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
DROP INDEX half;
ALTER TABLE t ADD CONSTRAINT later UNIQUE (follower_id, following_id) DEFERRABLE;
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE t DROP CONSTRAINT later;
CREATE UNIQUE INDEX broken ON t (follower_id, following_id);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
DROP INDEX broken;
-- an operator class of somebody's may call any two users equal
CREATE FUNCTION same(uuid, uuid) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE OPERATOR CLASS all_same FOR TYPE uuid USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 same(uuid, uuid);
CREATE UNIQUE INDEX all_alike ON t (follower_id all_same, following_id all_same);
SELECT follow_attach_graph('t', 'k');
\echo :LAST_ERROR_SQLSTATE
-- one that serves, among those that don't
DROP INDEX t_follower_id_idx, t_following_id_follower_id_idx;
CREATE UNIQUE INDEX serves ON t (following_id, follower_id);
SELECT follow_attach_graph('t', 'k');
SELECT follow_detach_graph();
-- the block table is held to the same
SELECT follow_attach_graph('f', 't', blocker_column => 'follower_id', blocked_column => 'room');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE t;

-- Kinds of relation
CREATE VIEW v AS SELECT * FROM f;
SELECT follow_attach_graph('v', 'k');
\echo :LAST_ERROR_SQLSTATE
CREATE MATERIALIZED VIEW m AS SELECT * FROM f;
SELECT follow_attach_graph('m', 'k');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('f_pkey', 'k');
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE far (follower_id uuid, following_id uuid) SERVER nowhere;
SELECT follow_attach_graph('far', 'k');
\echo :LAST_ERROR_SQLSTATE
DROP FOREIGN DATA WRAPPER nothing CASCADE;
CREATE TEMP TABLE temp_f (LIKE f INCLUDING ALL);
SELECT follow_attach_graph('temp_f', 'k');
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE child () INHERITS (f);
SELECT follow_attach_graph('f', 'k');
\echo :LAST_ERROR_SQLSTATE
SELECT follow_attach_graph('child', 'k');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE child;
CREATE TABLE parts (LIKE f INCLUDING ALL) PARTITION BY HASH (follower_id);
CREATE TABLE part PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT follow_attach_graph('part', 'k');
\echo :LAST_ERROR_SQLSTATE

-- Owners
CREATE ROLE regress_follow_owner;
CREATE ROLE regress_follow_other;
GRANT USAGE, CREATE ON SCHEMA refused TO regress_follow_owner;
GRANT EXECUTE ON FUNCTION follow_attach_graph, follow_detach_graph TO regress_follow_owner, regress_follow_other;
GRANT USAGE ON SCHEMA refused TO regress_follow_other;
ALTER TABLE f OWNER TO regress_follow_owner;
SELECT follow_attach_graph('f', 'k');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_follow_owner;
SELECT follow_attach_graph('f', 'k');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
ALTER TABLE k OWNER TO regress_follow_owner;
SET ROLE regress_follow_other;
SELECT follow_attach_graph('f', 'k');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_follow_owner;
SELECT follow_attach_graph('f', 'k');
SELECT status FROM follow_user(md5('1')::uuid, md5('2')::uuid);
SET ROLE regress_follow_other;
SELECT follow_detach_graph();
\echo :LAST_ERROR_SQLSTATE
-- nor can the other take a graph over whose block table is gone
SET ROLE regress_follow_owner;
DROP TABLE k;
RESET ROLE;
CREATE TABLE f2 (LIKE f INCLUDING ALL);
CREATE TABLE k2 (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
ALTER TABLE f2 OWNER TO regress_follow_other;
ALTER TABLE k2 OWNER TO regress_follow_other;
SET ROLE regress_follow_other;
SELECT follow_attach_graph('f2', 'k2');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_follow_owner;
SELECT follow_user(md5('1')::uuid, md5('2')::uuid);
\echo :LAST_ERROR_SQLSTATE
DROP TABLE f CASCADE;
SET ROLE regress_follow_other;
SELECT follow_attach_graph('f2', 'k2');
SELECT status FROM follow_user(md5('1')::uuid, md5('2')::uuid);

RESET ROLE;
SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP SCHEMA refused CASCADE;
DROP ROLE regress_follow_owner, regress_follow_other;
