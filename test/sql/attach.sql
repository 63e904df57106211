-- Tables that people have, each attached as it is, each followed in.
CREATE EXTENSION follow_ext;
SET timezone = 'UTC';
\set SHOW_CONTEXT never

\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''

-- The app's own tables, unchanged
\getenv abs_srcdir PG_ABS_SRCDIR
\set schema :abs_srcdir '/app/schema.sql'
\i :schema
INSERT INTO auth.users (id) VALUES (:a), (:b), (:c);
SELECT follow_attach_graph('public.user_follow', 'public.user_block');
SELECT * FROM follow_graph;
SELECT status FROM follow_user(:a, :b);
SELECT status FROM follow_user(:a, :b);
SELECT follow_user(:a, :nobody);
INSERT INTO user_block (blocker_id, blocked_id) VALUES (:c, :a);
SELECT follow_user(:a, :c);
-- again, which changes nothing
SELECT follow_attach_graph('user_follow', 'user_block');
SELECT count(*) FROM follow_graph;
SELECT status FROM follow_user(:b, :a);

-- Another graph is refused while this one is attached
CREATE TABLE other_follow (follower_id uuid, following_id uuid, PRIMARY KEY (follower_id, following_id));
CREATE TABLE other_block (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
SELECT follow_attach_graph('other_follow', 'other_block');
\echo :LAST_ERROR_SQLSTATE

-- What attaching warns of
SET session_replication_role = replica;
INSERT INTO user_follow (follower_id, following_id) VALUES (:a, :c), (:c, :a);
RESET session_replication_role;
GRANT TRIGGER ON user_follow TO authenticated, PUBLIC;
ALTER TABLE user_block ADD reason text NOT NULL DEFAULT '';
ALTER TABLE user_block ALTER reason DROP DEFAULT;
SELECT follow_attach_graph('user_follow', 'user_block');
SELECT follow_detach_graph();
DROP TABLE user_follow, user_block, user_profile, other_follow, other_block;
DROP SCHEMA auth CASCADE;

-- Other column names; other columns with defaults; generated columns; quoted mixed-case names; a unique index with the
-- columns the other way round, and columns included
CREATE SCHEMA "My App";
CREATE TABLE "My App"."Follows" (
    "Key" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Followee" uuid NOT NULL,
    "Notify Me" boolean NOT NULL DEFAULT true,
    "Fan" uuid NOT NULL,
    "Since" timestamp NOT NULL DEFAULT '2020-02-02 02:02:02',
    "Both" text GENERATED ALWAYS AS ("Fan"::text || "Followee"::text) STORED
);
CREATE UNIQUE INDEX "The Pair" ON "My App"."Follows" ("Followee", "Fan") INCLUDE ("Notify Me");
CREATE TABLE "My App"."Blocks" ("By" uuid NOT NULL, "Whom" uuid NOT NULL, UNIQUE ("Whom", "By"));
SELECT follow_attach_graph('"My App"."Follows"', '"My App"."Blocks"', 'Fan', 'Followee', 'By', 'Whom', 'Since');
SELECT * FROM follow_user(:a, :b);
SELECT * FROM follow_user(:a, :b);
SELECT "Followee", "Fan", "Notify Me", "Both" FROM "My App"."Follows";
INSERT INTO "My App"."Blocks" VALUES (:b, :c);
SELECT follow_user(:c, :b);
-- without foreign keys, nobody asks whether users exist
SELECT status FROM follow_user(:a, :nobody);
-- renamed columns are found by their number, and a column that takes an old name by its name
ALTER TABLE "My App"."Follows" RENAME "Fan" TO "Fan (old)";
SELECT status FROM follow_user(:a, :b);
ALTER TABLE "My App"."Blocks" RENAME "By" TO "From";
SELECT follow_user(:b, :c);
ALTER TABLE "My App"."Follows" ADD "Fan" uuid;
SELECT follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_detach_graph();
DROP SCHEMA "My App" CASCADE;

-- No time of creation: none, and a column of that default name that is gone
CREATE TABLE f (follower_id uuid, following_id uuid, PRIMARY KEY (follower_id, following_id));
CREATE TABLE k (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
SELECT follow_attach_graph('f', 'k');
SELECT * FROM follow_user(:a, :b);
SELECT * FROM follow_user(:a, :b);
ALTER TABLE f ADD created_at date DEFAULT '2020-02-02';
SELECT created_at FROM follow_user(:a, :b);
SELECT follow_attach_graph('f', 'k');
SELECT created_at FROM follow_user(:a, :b);
ALTER TABLE f DROP created_at;
SELECT created_at FROM follow_user(:a, :b);
SELECT follow_detach_graph();

-- Unique on more than the pair as well: a conflict elsewhere is no repeated follow
ALTER TABLE f ADD slot int UNIQUE DEFAULT 1;
TRUNCATE f;
SELECT follow_attach_graph('f', 'k');
SELECT status FROM follow_user(:a, :b);
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM f;
ALTER TABLE f DROP slot;

-- A trigger that suppresses or changes the row
CREATE FUNCTION keep_away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep_away BEFORE INSERT ON f FOR EACH ROW EXECUTE FUNCTION keep_away();
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
CREATE OR REPLACE FUNCTION keep_away() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.following_id := ''00000000-0000-0000-0000-0000000000ff''; RETURN NEW; END';
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM f;
DROP TRIGGER keep_away ON f;

-- A trigger that follows back: follow_user within follow_user
CREATE FUNCTION follow_back() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM follow_user(NEW.following_id, NEW.follower_id); RETURN NULL; END';
CREATE TRIGGER follow_back AFTER INSERT ON f FOR EACH ROW EXECUTE FUNCTION follow_back();
SELECT status FROM follow_user(:b, :c);
SELECT status FROM follow_user(:c, :b);
SELECT count(*) FROM f;
-- and alters a table of the graph meanwhile, so that the cache is built anew under the running call
CREATE OR REPLACE FUNCTION follow_back() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN COMMENT ON TABLE k IS ''changed''; ANALYZE k; ALTER TABLE k SET (fillfactor = 90);
     PERFORM follow_user(NEW.following_id, NEW.follower_id); RETURN NULL; END';
TRUNCATE f;
SELECT status FROM follow_user(:b, :c);
SELECT status FROM follow_user(:b, :c);
DROP TRIGGER follow_back ON f;

-- Rules, with which ON CONFLICT is not possible
TRUNCATE f;
CREATE TABLE log (follower_id uuid);
CREATE RULE log AS ON INSERT TO f DO ALSO INSERT INTO log VALUES (NEW.follower_id);
SELECT status FROM follow_user(:a, :b);
SELECT status FROM follow_user(:a, :b);
SELECT count(*) FROM log;
CREATE OR REPLACE RULE log AS ON INSERT TO f DO INSTEAD NOTHING;
SELECT follow_user(:a, :c);
\echo :LAST_ERROR_SQLSTATE
DROP RULE log ON f;
SELECT follow_detach_graph();
DROP TABLE f, log;

-- Partitioned, with foreign keys: partitions made there and attached later, each with constraints of its own
CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users VALUES (:a), (:b), (:c);
CREATE TABLE f (
    follower_id uuid NOT NULL REFERENCES users,
    following_id uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT '2020-02-02 02:02:02+00',
    PRIMARY KEY (follower_id, following_id)
) PARTITION BY HASH (follower_id);
CREATE TABLE f0 PARTITION OF f FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE f1 (
    following_id uuid NOT NULL CONSTRAINT of_its_own REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT '2021-01-01 01:01:01+00',
    follower_id uuid NOT NULL CONSTRAINT of_its_own_too REFERENCES users
);
ALTER TABLE f ATTACH PARTITION f1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT follow_attach_graph('f', 'k');
SELECT a.status, b.status AS again, a.created_at FROM
    (VALUES (1, :a::uuid, :b::uuid), (2, :b, :c), (3, :c, :a), (4, :a, :c)) v (n, x, y),
    follow_user(x, y) a, follow_user(x, y) b ORDER BY n;
SELECT count(*) > 0 AS in_f0 FROM f0;
SELECT count(*) > 0 AS in_f1 FROM f1;
DO $$
DECLARE
    followers uuid[] := '{00000000-0000-0000-0000-00000000000a, 00000000-0000-0000-0000-00000000000b, 00000000-0000-0000-0000-00000000000c}';
    refused int := 0;
BEGIN
    FOR i IN 1..3 LOOP
        BEGIN
            PERFORM follow_user(followers[i], '00000000-0000-0000-0000-0000000000ff');
        EXCEPTION WHEN SQLSTATE 'PT404' THEN
            refused := refused + 1;
        END;
    END LOOP;
    RAISE NOTICE 'refused: %', refused;
END
$$;
SELECT follow_detach_graph();
DROP TABLE f;

-- Foreign keys that are checked at commit are looked up earlier, as the owner of the users table
CREATE TABLE f (
    follower_id uuid REFERENCES users DEFERRABLE,
    following_id uuid REFERENCES users INITIALLY DEFERRED,
    UNIQUE (follower_id, following_id)
);
SELECT follow_attach_graph('f', 'k');
SELECT status FROM follow_user(:a, :b);
SELECT follow_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
SELECT follow_user(:nobody, :b);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
ALTER TABLE users RENAME id TO user_id;
SELECT status FROM follow_user(:b, :c);
SELECT follow_detach_graph();
DROP TABLE f;

-- Users in a partitioned table, and deferred at that
CREATE TABLE people (id uuid PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE people0 PARTITION OF people FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE people1 PARTITION OF people FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO people VALUES (:a), (:b), (:c);
CREATE TABLE f (
    follower_id uuid REFERENCES people INITIALLY DEFERRED DEFERRABLE,
    following_id uuid REFERENCES people,
    UNIQUE (follower_id, following_id)
);
SELECT follow_attach_graph('f', 'k');
SELECT x.status, y.status, z.status FROM follow_user(:a, :b) x, follow_user(:b, :c) y, follow_user(:c, :a) z;
SELECT follow_user(:a, :nobody);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_detach_graph();
DROP TABLE f, people;

-- A foreign key violation of another table, that a trigger wrote to, stays what it is
CREATE TABLE f (follower_id uuid REFERENCES users, following_id uuid REFERENCES users, UNIQUE (follower_id, following_id));
CREATE TABLE notices (user_id uuid CONSTRAINT f_follower_id_fkey REFERENCES users);
CREATE FUNCTION notify() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO notices VALUES (''00000000-0000-0000-0000-0000000000ff''); RETURN NULL; END';
CREATE TRIGGER notify AFTER INSERT ON f FOR EACH ROW EXECUTE FUNCTION notify();
SELECT follow_attach_graph('f', 'k');
SELECT follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
SELECT follow_detach_graph();

DROP EXTENSION follow_ext;
DROP TABLE f, k, notices, users;
DROP FUNCTION notify(), keep_away(), follow_back();
