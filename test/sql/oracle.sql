-- Random histories on the extension and on its twin in plain PL/pgSQL (test/oracle): the same answers, the same tables.
SET client_min_messages = error;
CREATE SCHEMA follow;
CREATE EXTENSION follow_ext SCHEMA follow;
\getenv abs_srcdir PG_ABS_SRCDIR
\set driver :abs_srcdir '/oracle/driver.sql'
\set twin :abs_srcdir '/oracle/twin.sql'
\getenv seed ORACLE_SEED
\getenv steps ORACLE_STEPS
\if :{?seed} \else \set seed 0.5 \endif
\if :{?steps} \else \set steps 2000 \endif
\set ECHO none
\i :driver
\i :twin
\set ECHO all
\pset format unaligned
\pset tuples_only on

GRANT USAGE ON SCHEMA follow TO PUBLIC;
GRANT EXECUTE ON FUNCTION follow.follow_counts(uuid) TO oracle_owner, oracle_service;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA follow TO oracle_owner;

-- Who acts where policies apply: users above all
SELECT array_fill('oracle_user'::name, ARRAY[12])
    || '{oracle_service,oracle_service,oracle_owner,oracle_writer,oracle_anon}'::name[] AS cast
\gset
INSERT INTO oracle.configuration (configuration, row_security, roles) VALUES
    ('created', true, :'cast'),
    ('adopted', true, :'cast'),
    ('partitioned, policies', true, :'cast');
INSERT INTO oracle.configuration (configuration, members, transaction_length) VALUES
    ('crowd', 20, 500),
    ('partitioned', 6, 25);
INSERT INTO oracle.configuration (configuration, foreign_keys) VALUES
    ('renamed', false),
    ('timeless', false);

-- Created by the extension, for an ordinary owner
CREATE SCHEMA graph AUTHORIZATION oracle_owner;
GRANT USAGE ON SCHEMA graph TO PUBLIC;
SET ROLE oracle_owner;
CREATE TABLE graph.users (id uuid PRIMARY KEY);
SELECT follow.follow_create_graph('graph', 'graph.users', roles => '{oracle_user,oracle_service}');
ALTER TABLE graph.user_follow ALTER created_at SET DEFAULT oracle.clock();
GRANT UPDATE ON graph.user_follow, graph.user_block TO oracle_service;
GRANT INSERT ON graph.user_follow, graph.user_block TO oracle_writer;
RESET ROLE;
ALTER TABLE twin.user_follow ENABLE ROW LEVEL SECURITY;
ALTER TABLE twin.user_block ENABLE ROW LEVEL SECURITY;
CALL oracle.play('created', :seed, :steps);

-- The same without row security, with more pairs in a transaction than are locked one by one
ALTER TABLE graph.user_follow DISABLE ROW LEVEL SECURITY;
ALTER TABLE graph.user_block DISABLE ROW LEVEL SECURITY;
ALTER TABLE twin.user_follow DISABLE ROW LEVEL SECURITY;
ALTER TABLE twin.user_block DISABLE ROW LEVEL SECURITY;
CALL oracle.play('crowd', :seed / 2, :steps);
SELECT follow.follow_detach_graph();
DROP TABLE graph.user_follow, graph.user_block;

-- Adopted: keys of their own, an owner who is held to the policies, and only the follower may end a follow
SET ROLE oracle_owner;
CREATE TABLE graph.user_follow (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    follower_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT oracle.clock(),
    UNIQUE (follower_id, following_id),
    CHECK (follower_id <> following_id)
);
CREATE INDEX ON graph.user_follow (following_id, created_at DESC);
CREATE TABLE graph.user_block (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    blocker_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    blocked_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    UNIQUE (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE POLICY see_follows ON graph.user_follow FOR SELECT
    USING (follower_id = follow.follow_caller_id() OR following_id = follow.follow_caller_id());
CREATE POLICY follow ON graph.user_follow FOR INSERT WITH CHECK (follower_id = follow.follow_caller_id());
CREATE POLICY end_follow ON graph.user_follow FOR DELETE USING (follower_id = follow.follow_caller_id());
CREATE POLICY own_blocks ON graph.user_block USING (blocker_id = follow.follow_caller_id());
GRANT SELECT, INSERT, DELETE ON graph.user_follow, graph.user_block TO oracle_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON graph.user_follow, graph.user_block TO oracle_service;
GRANT INSERT ON graph.user_follow, graph.user_block TO oracle_writer;
ALTER TABLE graph.user_follow ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE graph.user_block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT follow.follow_attach_graph('graph.user_follow', 'graph.user_block');
RESET ROLE;
ALTER TABLE twin.user_follow ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE twin.user_block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER POLICY end_follow ON twin.user_follow USING (follower_id = twin.caller_id());
CREATE POLICY change_block ON twin.user_block FOR UPDATE USING (blocker_id = twin.caller_id());
CALL oracle.play('adopted', :seed / 3, :steps);
SELECT follow.follow_detach_graph();
DROP TABLE graph.user_follow, graph.user_block;
ALTER TABLE twin.user_follow NO FORCE ROW LEVEL SECURITY;
ALTER TABLE twin.user_block NO FORCE ROW LEVEL SECURITY;
DROP POLICY change_block ON twin.user_block;

-- Partitioned, one partition with its columns in another order; lists are everybody's who is signed in
SET ROLE oracle_owner;
CREATE TABLE graph.user_follow (
    follower_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT oracle.clock(),
    PRIMARY KEY (follower_id, following_id),
    CONSTRAINT two_users CHECK (follower_id <> following_id)
) PARTITION BY HASH (follower_id);
CREATE TABLE graph.user_follow_0 PARTITION OF graph.user_follow FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE graph.user_follow_1 (
    gone integer,
    created_at timestamptz NOT NULL,
    following_id uuid NOT NULL,
    follower_id uuid NOT NULL,
    CONSTRAINT two_users CHECK (follower_id <> following_id)
);
ALTER TABLE graph.user_follow_1 DROP COLUMN gone;
ALTER TABLE graph.user_follow ATTACH PARTITION graph.user_follow_1 FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE graph.user_follow_2 PARTITION OF graph.user_follow FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CREATE INDEX ON graph.user_follow (following_id, created_at);
CREATE TABLE graph.user_block (
    blocker_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    blocked_id uuid NOT NULL REFERENCES graph.users ON DELETE CASCADE,
    PRIMARY KEY (blocked_id, blocker_id),
    CHECK (blocker_id <> blocked_id)
) PARTITION BY HASH (blocked_id);
CREATE TABLE graph.user_block_0 PARTITION OF graph.user_block FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE graph.user_block_1 PARTITION OF graph.user_block FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE POLICY see_follows ON graph.user_follow FOR SELECT USING ((SELECT follow.follow_caller_id()) IS NOT NULL);
CREATE POLICY follow ON graph.user_follow FOR INSERT WITH CHECK (follower_id = (SELECT follow.follow_caller_id()));
CREATE POLICY end_follow ON graph.user_follow FOR DELETE
    USING ((SELECT follow.follow_caller_id()) IN (follower_id, following_id));
CREATE POLICY see_own_blocks ON graph.user_block FOR SELECT USING (blocker_id = (SELECT follow.follow_caller_id()));
CREATE POLICY block ON graph.user_block FOR INSERT WITH CHECK (blocker_id = (SELECT follow.follow_caller_id()));
CREATE POLICY unblock ON graph.user_block FOR DELETE USING (blocker_id = (SELECT follow.follow_caller_id()));
GRANT SELECT, INSERT, DELETE ON graph.user_follow, graph.user_block TO oracle_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON graph.user_follow, graph.user_block TO oracle_service;
GRANT INSERT ON graph.user_follow, graph.user_block TO oracle_writer;
ALTER TABLE graph.user_follow ENABLE ROW LEVEL SECURITY;
ALTER TABLE graph.user_block ENABLE ROW LEVEL SECURITY;
SELECT follow.follow_attach_graph('graph.user_follow', 'graph.user_block');
RESET ROLE;
ALTER POLICY see_follows ON twin.user_follow USING (twin.caller_id() IS NOT NULL);
ALTER POLICY end_follow ON twin.user_follow USING (twin.caller_id() IN (follower_id, following_id));
CALL oracle.play('partitioned, policies', :seed / 4, :steps);

ALTER TABLE graph.user_follow DISABLE ROW LEVEL SECURITY;
ALTER TABLE graph.user_block DISABLE ROW LEVEL SECURITY;
ALTER TABLE twin.user_follow DISABLE ROW LEVEL SECURITY;
ALTER TABLE twin.user_block DISABLE ROW LEVEL SECURITY;
CALL oracle.play('partitioned', :seed / 5, :steps);
SELECT follow.follow_detach_graph();
DROP TABLE graph.user_follow, graph.user_block;

-- Other names, the index's columns in another order, rows without a time, no foreign keys and no CHECK
SET ROLE oracle_owner;
CREATE TABLE graph."Follows" (
    gone integer,
    "at" timestamptz DEFAULT oracle.clock(),
    followee uuid NOT NULL,
    "follower's" uuid NOT NULL
);
ALTER TABLE graph."Follows" DROP COLUMN gone;
CREATE UNIQUE INDEX ON graph."Follows" (followee, "follower's") INCLUDE ("at");
CREATE INDEX ON graph."Follows" ("follower's", "at" DESC NULLS LAST);
CREATE TABLE graph.mutes (target uuid NOT NULL, source uuid NOT NULL, PRIMARY KEY (target, source));
GRANT SELECT, INSERT, UPDATE, DELETE ON graph."Follows", graph.mutes TO oracle_service;
SELECT follow.follow_attach_graph('graph."Follows"', 'graph.mutes',
    'follower''s', 'followee', 'source', 'target', 'at');
RESET ROLE;
UPDATE oracle.spelling s SET graph = n.graph
FROM (VALUES
    ('{follows}', '"Follows"'), ('{follower}', '"follower''s"'), ('{following}', 'followee'),
    ('{blocks}', 'mutes'), ('{blocker}', 'source'), ('{blocked}', 'target')
) n (word, graph)
WHERE s.word = n.word;
ALTER TABLE twin.user_follow DROP CONSTRAINT two_users;
ALTER TABLE twin.user_block DROP CONSTRAINT two_users;
CREATE OR REPLACE FUNCTION oracle.clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT timestamptz '2020-01-01 00:00:00+00'
        + interval '1 day' * nullif(current_setting('oracle.step')::integer / 7 % 5, 3)
$$;
CALL oracle.play('renamed', :seed / 6, :steps);

-- The same tables, whose time the extension is not told of
SET ROLE oracle_owner;
SELECT follow.follow_detach_graph();
SELECT follow.follow_attach_graph('graph."Follows"', 'graph.mutes',
    'follower''s', 'followee', 'source', 'target', NULL);
TRUNCATE graph."Follows", graph.mutes;
RESET ROLE;
ALTER TABLE twin.user_follow ALTER created_at DROP DEFAULT;
CALL oracle.play('timeless', :seed / 7, :steps);
SELECT follow.follow_detach_graph();

DROP SCHEMA graph, twin, oracle CASCADE;
DROP EXTENSION follow_ext;
DROP SCHEMA follow;
DROP ROLE oracle_owner, oracle_service, oracle_user, oracle_writer, oracle_anon;
