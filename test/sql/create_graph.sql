-- follow_create_graph: tables that are safe behind PostgREST at once.
\set SHOW_CONTEXT never
CREATE SCHEMA api;
CREATE EXTENSION follow_ext SCHEMA api;
CREATE ROLE regress_follow_user;
CREATE ROLE regress_follow_service BYPASSRLS;
CREATE ROLE regress_follow_by_default;
CREATE ROLE regress_follow_dba;
GRANT USAGE ON SCHEMA api TO regress_follow_user, regress_follow_service, regress_follow_dba;
GRANT USAGE ON SCHEMA public TO regress_follow_user, regress_follow_service;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_follow_by_default, PUBLIC;
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''

-- Refused, and nothing is left behind
SET search_path = '';
SELECT api.follow_create_graph();
\echo :LAST_ERROR_SQLSTATE
RESET search_path;
SELECT api.follow_create_graph('nowhere');
\echo :LAST_ERROR_SQLSTATE
SELECT api.follow_create_graph(lists_visible_to => 'friends');
\echo :LAST_ERROR_SQLSTATE
SELECT api.follow_create_graph(roles => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT api.follow_create_graph(roles => '{nobody_of_that_name}');
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE accounts (id bigint PRIMARY KEY);
SELECT api.follow_create_graph(users_table => 'accounts');
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE "Users" ("Id" uuid PRIMARY KEY, name text);
REVOKE ALL ON "Users" FROM PUBLIC;
SET ROLE regress_follow_dba;
SELECT api.follow_create_graph();
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT EXECUTE ON FUNCTION api.follow_create_graph, api.follow_attach_graph TO regress_follow_dba;
CREATE SCHEMA theirs AUTHORIZATION regress_follow_dba;
SET ROLE regress_follow_dba;
SELECT api.follow_create_graph('theirs', '"Users"');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT count(*) FROM pg_class WHERE relname IN ('user_follow', 'user_block');

-- Not a superuser's work
GRANT REFERENCES ("Id") ON "Users" TO regress_follow_dba;
SET ROLE regress_follow_dba;
SELECT api.follow_create_graph('theirs', '"Users"');
-- NOT NULL is a constraint from 18 on
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'theirs.user_follow'::regclass AND contype <> 'n'
ORDER BY 1;
SELECT api.follow_create_graph('theirs');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT api.follow_create_graph();
\echo :LAST_ERROR_SQLSTATE
SELECT api.follow_detach_graph();
DROP SCHEMA theirs CASCADE;

-- Rights for the roles named and for nobody else, whatever default privileges gave
SELECT api.follow_create_graph(users_table => '"Users"', roles => '{regress_follow_user, regress_follow_service}');
SELECT c.relname, a.grantee::regrole, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
FROM pg_class c, aclexplode(relacl) a WHERE relname IN ('user_follow', 'user_block') AND a.grantee <> c.relowner
GROUP BY 1, 2 ORDER BY 1, 2::text COLLATE "C";
SELECT relname, relrowsecurity FROM pg_class WHERE relname IN ('user_follow', 'user_block') ORDER BY 1;
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid IN ('user_follow'::regclass, 'user_block'::regclass) ORDER BY 1::text COLLATE "C";
-- Policies depend on nothing of the extension, and read the claims once for a statement
SELECT count(*) AS policies_of_the_extension FROM pg_depend d, pg_policy p
WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refobjid IN
    (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e');
INSERT INTO "Users" VALUES (:a), (:b), (:c);
INSERT INTO user_follow VALUES (:a, :b), (:b, :c);
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
CREATE FUNCTION pg_temp.explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS
    'BEGIN RETURN QUERY EXECUTE ''EXPLAIN (COSTS OFF) '' || query; END';
SELECT count(*) AS evaluated_before_the_scan FROM pg_temp.explain('SELECT * FROM user_block') line WHERE line ~ '^ *InitPlan';

-- The follower follows, both see and end a follow, nobody else does
SELECT follower_id, following_id FROM user_follow;
SELECT status FROM api.follow_user(:c);
SELECT api.follow_user(:c, :b);
\echo :LAST_ERROR_SQLSTATE
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT follower_id, following_id FROM user_follow ORDER BY 1, 2;
DELETE FROM user_follow WHERE following_id = :b RETURNING follower_id;
DELETE FROM user_follow WHERE following_id = :c AND follower_id = :a RETURNING follower_id;
-- a block is the blocker's
INSERT INTO user_block VALUES (:b, :a);
INSERT INTO user_block VALUES (:c, :a);
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT * FROM user_block;
DELETE FROM user_block;
SELECT api.follow_user(:b);
\echo :LAST_ERROR_SQLSTATE
-- a token whose sub is no uuid, and no token at all, see nothing and do not fail
SET request.jwt.claims = '{"sub": "auth0|7"}';
SELECT count(*) FROM user_follow;
SELECT api.follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
SET request.jwt.claims = '';
SELECT count(*) FROM user_follow;
RESET request.jwt.claims;
SET ROLE regress_follow_service;
SELECT count(*) FROM user_follow;
SET ROLE regress_follow_by_default;
SELECT count(*) FROM user_follow;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- a user who is deleted takes edges and blocks along
DELETE FROM "Users" WHERE "Id" = :a;
SELECT (SELECT count(*) FROM user_follow) AS follows, (SELECT count(*) FROM user_block) AS blocks;

-- DROP EXTENSION keeps tables, rows, policies; detached, it needs no CASCADE, which takes no more than the guards along
DROP EXTENSION follow_ext;
\echo :LAST_ERROR_SQLSTATE
DROP EXTENSION follow_ext CASCADE;
SELECT count(*) FROM pg_policy WHERE polrelid IN ('user_follow'::regclass, 'user_block'::regclass);
SELECT count(*) FROM user_follow;
CREATE EXTENSION follow_ext SCHEMA api;
SELECT api.follow_attach_graph('user_follow', 'user_block');
SELECT status FROM api.follow_user(:b, :c);
SELECT api.follow_detach_graph();
DROP EXTENSION follow_ext;
DROP TABLE user_follow, user_block;
CREATE EXTENSION follow_ext SCHEMA api;

-- Lists for everybody who is signed in
SELECT api.follow_create_graph(lists_visible_to => 'everyone', roles => '{regress_follow_user}');
SELECT status FROM api.follow_user(:a, :b);
SET ROLE regress_follow_user;
SELECT count(*) FROM user_follow;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000c"}';
SELECT count(*) FROM user_follow;
-- seeing an edge is not making it
SELECT api.follow_user(:a, :b);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
RESET request.jwt.claims;

SELECT api.follow_detach_graph();
DROP EXTENSION follow_ext;
DROP TABLE user_follow, user_block, "Users", accounts;
DROP SCHEMA api;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_follow_by_default, PUBLIC;
DROP OWNED BY regress_follow_user, regress_follow_service, regress_follow_by_default, regress_follow_dba;
DROP ROLE regress_follow_user, regress_follow_service, regress_follow_by_default, regress_follow_dba;
