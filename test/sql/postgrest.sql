-- The statements that PostgREST sends, in transactions as it makes them.
CREATE EXTENSION follow_ext;
\getenv abs_srcdir PG_ABS_SRCDIR
\set schema :abs_srcdir '/app/schema.sql'
\set ECHO none
\i :schema
\set ECHO all
SET timezone = 'UTC';
ALTER TABLE user_follow ALTER created_at SET DEFAULT '2020-02-02 02:02:02+00';
INSERT INTO auth.users (id) SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid FROM unnest('{a,b,c,d}'::text[]) n;
INSERT INTO user_block (blocker_id, blocked_id)
VALUES ('00000000-0000-0000-0000-00000000000d', '00000000-0000-0000-0000-00000000000a');
SELECT follow_attach_graph('user_follow', 'user_block');

-- What comes first in each of its transactions: search_path, role, claims
PREPARE request (text, text) AS
    SELECT set_config('search_path', '"public", "extensions"', true), set_config('role', $1, true),
           set_config('request.jwt.claims', $2, true), set_config('request.method', 'POST', true),
           set_config('request.path', '/rpc/follow_user', true);
-- A body that is an object
PREPARE with_two (json) AS
    WITH pgrst_source AS (
        SELECT pgrst_call.* FROM (SELECT $1 AS json_data) pgrst_payload,
        LATERAL (SELECT "follower_id", "following_id" FROM json_to_record(pgrst_payload.json_data) AS _("follower_id" uuid, "following_id" uuid)) pgrst_body,
        LATERAL "public"."follow_user"("follower_id" := pgrst_body."follower_id", "following_id" := pgrst_body."following_id") pgrst_call
    )
    SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total,
           coalesce((json_agg(_postgrest_t)->0)::text, 'null') AS body,
           nullif(current_setting('response.headers', true), '') AS response_headers,
           nullif(current_setting('response.status', true), '') AS response_status
    FROM (SELECT "follow_user".* FROM "pgrst_source" AS "follow_user") _postgrest_t;
PREPARE with_one (json) AS
    WITH pgrst_source AS (
        SELECT pgrst_call.* FROM (SELECT $1 AS json_data) pgrst_payload,
        LATERAL (SELECT "following_id" FROM json_to_record(pgrst_payload.json_data) AS _("following_id" uuid)) pgrst_body,
        LATERAL "public"."follow_user"("following_id" := pgrst_body."following_id") pgrst_call
    )
    SELECT pg_catalog.count(_postgrest_t) AS page_total, coalesce((json_agg(_postgrest_t)->0)::text, 'null') AS body
    FROM (SELECT "follow_user".* FROM "pgrst_source" AS "follow_user") _postgrest_t;
-- A body that is an array: only its first element runs
PREPARE with_array (json) AS
    WITH pgrst_source AS (
        SELECT pgrst_call.* FROM (SELECT $1 AS json_data) pgrst_payload,
        LATERAL (SELECT "following_id" FROM json_to_recordset(pgrst_payload.json_data) AS _("following_id" uuid) LIMIT 1) pgrst_body,
        LATERAL "public"."follow_user"("following_id" := pgrst_body."following_id") pgrst_call
    )
    SELECT pg_catalog.count(_postgrest_t) AS page_total, coalesce((json_agg(_postgrest_t)->0)::text, 'null') AS body
    FROM (SELECT "follow_user".* FROM "pgrst_source" AS "follow_user") _postgrest_t;

\set as_a 'EXECUTE request (''authenticated'', ''{"sub": "00000000-0000-0000-0000-00000000000a", "role": "authenticated"}'') \\g /dev/null'

BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
:as_a
EXECUTE with_two ('{"follower_id": "00000000-0000-0000-0000-00000000000a", "following_id": "00000000-0000-0000-0000-00000000000b"}');
COMMIT;
-- a double tap
BEGIN;
:as_a
EXECUTE with_two ('{"following_id": "00000000-0000-0000-0000-00000000000b", "follower_id": "00000000-0000-0000-0000-00000000000a"}');
COMMIT;
-- the follower from the token
BEGIN;
:as_a
EXECUTE with_one ('{"following_id": "00000000-0000-0000-0000-00000000000b"}');
EXECUTE with_one ('{"following_id": "00000000-0000-0000-0000-00000000000c"}');
COMMIT;
BEGIN;
:as_a
EXECUTE with_array ('[{"following_id": "00000000-0000-0000-0000-00000000000c"}, {"following_id": "00000000-0000-0000-0000-00000000000d"}]');
COMMIT;
-- with arguments in the query string, as for GET: a READ ONLY transaction
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
:as_a
SELECT * FROM "public"."follow_user"("following_id" := '00000000-0000-0000-0000-00000000000b'::uuid) pgrst_call;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- Refused: blocked, unknown, somebody else's, a key left out, a body that is no uuid
BEGIN;
:as_a
EXECUTE with_one ('{"following_id": "00000000-0000-0000-0000-00000000000d"}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
:as_a
EXECUTE with_one ('{"following_id": "00000000-0000-0000-0000-0000000000ff"}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
:as_a
EXECUTE with_two ('{"follower_id": "00000000-0000-0000-0000-00000000000b", "following_id": "00000000-0000-0000-0000-00000000000c"}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
:as_a
EXECUTE with_two ('{"follower_id": "00000000-0000-0000-0000-00000000000a"}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
:as_a
EXECUTE with_one ('{"following_id": "bob"}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- nobody signed in: no claims, and what is left of them in the next transaction of the session
BEGIN;
EXECUTE request ('anon', '{"role": "anon"}') \g /dev/null
EXECUTE with_one ('{"following_id": "00000000-0000-0000-0000-00000000000b"}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT current_setting('request.jwt.claims') = '' AS claims_are_empty;
SELECT follow_user('00000000-0000-0000-0000-00000000000b'::uuid);
\echo :LAST_ERROR_SQLSTATE

-- What the token's sub may be. A policy may ask for each of them, and must not fail
SELECT claims, follow_caller_id() FROM unnest(ARRAY[
    '', '{}', '[]', 'null', '7', '"x"', 'no json', '{"sub"', '{"sub": null}', '{"sub": 7}', '{"sub": ""}', '{"sub": "bob"}',
    '{"sub": ["00000000-0000-0000-0000-00000000000a"]}', '{"sub": {"sub": "00000000-0000-0000-0000-00000000000a"}}',
    '{"user_metadata": {"sub": "00000000-0000-0000-0000-00000000000a"}}',
    '[{"sub": "00000000-0000-0000-0000-00000000000a"}]',
    '{"sub": "00000000-0000-0000-0000-00000000000a", "user_metadata": {"sub": "00000000-0000-0000-0000-00000000000b"}}',
    '{"app": {"sub": "00000000-0000-0000-0000-00000000000b"}, "sub": "00000000-0000-0000-0000-00000000000a", "aud": [{"sub": "x"}]}',
    '{"sub": "00000000-0000-0000-0000-00000000000b", "sub": "00000000-0000-0000-0000-00000000000a"}',
    '{"sub": "00000000-0000-0000-0000-00000000000a", "sub": 7}',
    '{"sub": "00000000-0000-0000-0000-00000000000a", "sub": {}}',
    '{"sub": "00000000-0000-0000-0000-00000000000a", "sub": ["x"]}',
    '{"sub": "00000000-0000-0000-0000-00000000000a", "name": "\u4e2d \\\\u4e2d \ud83d\ude00 [[[{{{"}',
    '{"\u0073ub": "00000000-0000-0000-0000-\u00300000000000a"}',
    '{"sub": "00000000-0000-0000-0000-00000000000a"} more',
    '{"sub": "00000000-0000-0000-0000-00000000000a \u0000"}',
    '{"sub": "00000000000000000000 00000000000a"}'
]) WITH ORDINALITY c (claims, n), LATERAL set_config('request.jwt.claims', claims, false) ORDER BY n;
SELECT set_config('request.jwt.claims', repeat('[', 100000), false) IS NOT NULL AS nested, follow_caller_id();
SET max_stack_depth = '100kB';
SELECT set_config('request.jwt.claims', repeat('[', 990), false) IS NOT NULL AS nested, follow_caller_id();
RESET max_stack_depth;
-- one variable for each claim, as older servers set them; the whole set comes first
SET request.jwt.claims = '';
SET request.jwt.claim.sub = '00000000-0000-0000-0000-00000000000a';
SELECT follow_caller_id();
SET request.jwt.claims = '{"role": "anon"}';
SELECT follow_caller_id();
SET request.jwt.claims = '';
SET request.jwt.claim.sub = '';
SELECT follow_caller_id();

-- An overload is found by the names of its arguments, and no two have the same names
SELECT proname, proargnames[1:pronargs] AS names, pronargdefaults AS defaults FROM pg_proc
WHERE proname = 'follow_user' ORDER BY pronargs;
SELECT proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'follow_ext'
WHERE pronargs > 0 AND (proargnames IS NULL OR '' = ANY (proargnames));

DEALLOCATE ALL;
SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP TABLE user_follow, user_block, user_profile;
DROP SCHEMA auth CASCADE;
