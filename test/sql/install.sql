-- CREATE EXTENSION where somebody has prepared the ground: hostile objects, a platform's default privileges.
CREATE ROLE regress_follow_anon;
CREATE ROLE regress_follow_attacker;
CREATE ROLE regress_follow_dba;

-- As platforms do: everything new belongs to everybody, by name
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO regress_follow_anon;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_follow_anon;

-- The attacker owns the schema that the extension comes to, and has better matches for what an install script may call
CREATE SCHEMA follow AUTHORIZATION regress_follow_attacker;
SET ROLE regress_follow_attacker;
CREATE FUNCTION follow.steal() RETURNS boolean LANGUAGE plpgsql AS
    'BEGIN IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RAISE ''owned''; END IF; RETURN true; END';
CREATE FUNCTION follow.steal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT follow.steal()';
CREATE FUNCTION follow.steal(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT follow.steal()';
CREATE FUNCTION follow.steal(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT follow.steal()';
CREATE FUNCTION follow.steal(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT follow.steal()';
CREATE FUNCTION follow.steal(oid, regclass) RETURNS boolean LANGUAGE sql AS 'SELECT follow.steal()';
CREATE FUNCTION follow.steal(oid, int) RETURNS boolean LANGUAGE sql AS 'SELECT follow.steal()';
CREATE OPERATOR follow.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = follow.steal);
CREATE OPERATOR follow.= (LEFTARG = name, RIGHTARG = text, FUNCTION = follow.steal);
CREATE OPERATOR follow.= (LEFTARG = name, RIGHTARG = name, FUNCTION = follow.steal);
CREATE OPERATOR follow.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = follow.steal);
CREATE OPERATOR follow.<> (LEFTARG = oid, RIGHTARG = oid, FUNCTION = follow.steal);
CREATE OPERATOR follow.<> (LEFTARG = oid, RIGHTARG = int, FUNCTION = follow.steal);
CREATE FUNCTION follow.format(text, name) RETURNS text LANGUAGE sql AS 'SELECT follow.steal()::text';
CREATE FUNCTION follow.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT follow.steal()::text';
CREATE FUNCTION follow.format(text, regprocedure) RETURNS text LANGUAGE sql AS 'SELECT follow.steal()::text';
CREATE FUNCTION follow.format(text, text, text) RETURNS text LANGUAGE sql AS 'SELECT follow.steal()::text';
CREATE FUNCTION follow.quote_ident(name) RETURNS text LANGUAGE sql AS 'SELECT follow.steal()::text';
CREATE FUNCTION follow.pg_get_userbyid(oid) RETURNS name LANGUAGE sql AS 'SELECT follow.steal()::text::name';
CREATE FUNCTION follow.aclexplode(aclitem[]) RETURNS TABLE (grantor oid, grantee oid, privilege_type text, is_grantable boolean)
    LANGUAGE sql AS 'SELECT 10::oid, 0::oid, follow.steal()::text, true';
CREATE FUNCTION follow.coalesce(aclitem[], aclitem[]) RETURNS aclitem[] LANGUAGE sql AS 'SELECT $1 FROM follow.steal()';
CREATE FUNCTION follow.acldefault("char", oid) RETURNS aclitem[] LANGUAGE sql AS 'SELECT NULL::aclitem[] FROM follow.steal()';
CREATE FUNCTION follow.pg_extension_config_dump(regclass, text) RETURNS void LANGUAGE sql AS 'SELECT follow.steal()';
CREATE FUNCTION follow.pg_extension_config_dump(text, text) RETURNS void LANGUAGE sql AS 'SELECT follow.steal()';
CREATE TABLE follow.pg_class (oid oid, relacl aclitem[], relowner oid);
CREATE TABLE follow.pg_proc (oid oid, proacl aclitem[], proowner oid);
CREATE DOMAIN follow.uuid AS text;
CREATE DOMAIN follow.name AS text;
CREATE DOMAIN follow.regclass AS text;
CREATE DOMAIN follow.int2 AS text;
CREATE DOMAIN follow.timestamptz AS text;
CREATE TEMP TABLE pg_class (oid oid, relacl aclitem[], relowner oid);
CREATE TEMP TABLE pg_proc (oid oid, proacl aclitem[], proowner oid);
SET search_path = pg_temp, follow, public;
-- The extension is trusted: whoever may create in the database may install it, and its script runs as a superuser
CREATE EXTENSION follow_ext SCHEMA follow;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT current_database() AS database \gset
GRANT CREATE ON DATABASE :"database" TO regress_follow_attacker;
SET ROLE regress_follow_attacker;
SET search_path = pg_temp, follow, public;
CREATE EXTENSION follow_ext SCHEMA follow;
SELECT proname, proowner = 'regress_follow_attacker'::regrole AS is_mine FROM pg_catalog.pg_proc
WHERE proname = 'follow_attach_graph';
RESET search_path;

-- What is there already is not taken over; from 18 on the context is the script's statement
\set SHOW_CONTEXT never
DROP EXTENSION follow_ext;
DROP TABLE pg_temp.pg_class, pg_temp.pg_proc;
CREATE TABLE follow.follow_graph (graph text);
RESET ROLE;
CREATE EXTENSION follow_ext SCHEMA follow;
\echo :LAST_ERROR_SQLSTATE
DROP TABLE follow.follow_graph;
SET ROLE regress_follow_attacker;
CREATE FUNCTION follow.follow_user(following_id pg_catalog.uuid) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT ''mine''';
RESET ROLE;
CREATE EXTENSION follow_ext SCHEMA follow;
\echo :LAST_ERROR_SQLSTATE
DROP FUNCTION follow.follow_user(pg_catalog.uuid);
\set SHOW_CONTEXT errors
CREATE EXTENSION follow_ext SCHEMA follow;

-- Types are pg_catalog's, whatever the schema has
SELECT attname, atttypid::regtype FROM pg_attribute WHERE attrelid IN ('follow.follow_graph'::regclass, 'follow.follow_result'::regclass)
    AND attnum > 0 ORDER BY attrelid, attnum;

-- Who may do what, in spite of the default privileges
GRANT USAGE ON SCHEMA follow TO regress_follow_anon, regress_follow_dba;
SELECT p.oid::regprocedure AS function,
       has_function_privilege('regress_follow_anon', p.oid, 'EXECUTE') AS anon,
       has_function_privilege('pg_database_owner', p.oid, 'EXECUTE') AS database_owner
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE pronamespace = 'follow'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT privilege, has_table_privilege('regress_follow_anon', 'follow.follow_graph', privilege) AS anon,
       has_table_privilege('pg_database_owner', 'follow.follow_graph', privilege) AS database_owner
FROM unnest('{SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER}'::text[]) privilege;

SET ROLE regress_follow_anon;
SELECT follow.follow_create_graph();
SELECT follow.follow_attach_graph('pg_class', 'pg_class');
SELECT follow.follow_detach_graph();
INSERT INTO follow.follow_graph DEFAULT VALUES;
SELECT * FROM follow.follow_graph;
RESET ROLE;

-- The database's owner may put a row into the catalog, as a restore does, for tables of their own only
CREATE TABLE public.f (follower_id uuid, following_id uuid, PRIMARY KEY (follower_id, following_id));
CREATE TABLE public.k (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
CREATE TABLE public.theirs (LIKE public.k INCLUDING ALL);
ALTER TABLE public.f OWNER TO regress_follow_dba;
ALTER TABLE public.k OWNER TO regress_follow_dba;
ALTER DATABASE :"database" OWNER TO regress_follow_dba;
SET ROLE regress_follow_dba;
COPY follow.follow_graph FROM stdin;
user	public.f	follower_id	1	following_id	2	\N	\N	public.theirs	blocker_id	1	blocked_id	2
\.
COPY follow.follow_graph FROM stdin;
user	public.f	follower_id	1	following_id	2	\N	\N	987654321	blocker_id	1	blocked_id	2
\.
COPY follow.follow_graph FROM stdin;
user	public.f	follower_id	1	following_id	2	\N	\N	public.k	blocker_id	1	blocked_id	2
\.
SELECT status FROM follow.follow_user(md5('1')::uuid, md5('2')::uuid);
COPY follow.follow_graph FROM stdin;
user	public.f	follower_id	1	following_id	2	\N	\N	public.k	blocker_id	1	blocked_id	2
\.
UPDATE follow.follow_graph SET follower_column = 'x';
DELETE FROM follow.follow_graph;
RESET ROLE;
-- a change by hand is seen at the next call
DELETE FROM follow.follow_graph;
SELECT follow.follow_user(md5('1')::uuid, md5('2')::uuid);

-- Every object says what it is, but for the types that come with another
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
WHERE e.extname = 'follow_ext' AND obj_description(d.objid, d.classid::regclass::name) IS NULL
    AND NOT (d.classid = 'pg_type'::regclass AND d.objid::regtype::text ~ '(\[\]|follow_graph)$');
SELECT obj_description(oid, 'pg_extension') FROM pg_extension WHERE extname = 'follow_ext';

SELECT session_user AS superuser \gset
ALTER DATABASE :"database" OWNER TO :"superuser";
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM regress_follow_anon;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_follow_anon;
DROP EXTENSION follow_ext;
SET client_min_messages = warning;
DROP SCHEMA follow CASCADE;
DROP TABLE public.f, public.k, public.theirs;
DROP OWNED BY regress_follow_anon, regress_follow_attacker, regress_follow_dba;
DROP ROLE regress_follow_anon, regress_follow_attacker, regress_follow_dba;
