-- The interface that an app's migrations and generated clients rely on.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE SCHEMA follow;
CREATE EXTENSION follow_ext SCHEMA follow;
SELECT plan(31);

SELECT has_extension('follow_ext');
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'follow_ext'),
          (SELECT default_version FROM pg_available_extensions WHERE name = 'follow_ext'), 'the default version is installed');

SELECT functions_are('follow', ARRAY['follow_user', 'follow_caller_id', 'follow_create_graph', 'follow_attach_graph',
                                     'follow_detach_graph', 'follow_graph_changed']);
SELECT tables_are('follow', ARRAY['follow_graph']);
SELECT types_are('follow', ARRAY['follow_status', 'follow_result']);
SELECT enum_has_labels('follow', 'follow_status', ARRAY['following', 'already_following']);
SELECT columns_are('follow', 'follow_result', ARRAY['status', 'follower_id', 'following_id', 'created_at']);

SELECT function_returns('follow', 'follow_user', ARRAY['uuid', 'uuid'], 'follow.follow_result');
SELECT function_returns('follow', 'follow_user', ARRAY['uuid'], 'follow.follow_result');
SELECT function_returns('follow', 'follow_caller_id', ARRAY[]::name[], 'uuid');
SELECT volatility_is('follow', 'follow_user', ARRAY['uuid', 'uuid'], 'volatile', 'PostgREST sends it in a read-write transaction');
SELECT volatility_is('follow', 'follow_user', ARRAY['uuid'], 'volatile');
SELECT volatility_is('follow', 'follow_caller_id', 'stable', 'a policy evaluates it once');
SELECT isnt_strict('follow', 'follow_user', ARRAY['uuid', 'uuid'], 'NULL is an error, not silence');
SELECT isnt_strict('follow', 'follow_user', ARRAY['uuid']);
SELECT isnt_definer('follow', 'follow_user', ARRAY['uuid', 'uuid'], 'whoever calls is who follows');
SELECT is(count(*), 0::bigint, 'no function runs with its owner''s rights')
FROM pg_proc WHERE pronamespace = 'follow'::regnamespace AND prosecdef;
SELECT is((SELECT proconfig FROM pg_proc WHERE proname = 'follow_create_graph'), ARRAY['search_path=pg_catalog, pg_temp'],
          'what is written in PL/pgSQL has its search_path pinned');

-- The schema is the extension's own and recommended: everything works without it in search_path
CREATE TABLE public.members (id uuid PRIMARY KEY);
INSERT INTO members VALUES (md5('a')::uuid), (md5('b')::uuid), (md5('c')::uuid);
SELECT lives_ok($$SELECT follow.follow_create_graph('public', 'members')$$, 'a graph is created');
SELECT throws_ok($$SELECT follow.follow_create_graph('public', 'members')$$, '42P07', NULL, 'and not twice');
SELECT results_eq($$SELECT status::text FROM follow.follow_user(md5('a')::uuid, md5('b')::uuid)$$, ARRAY['following'], 'new');
SELECT results_eq($$SELECT status::text FROM follow.follow_user(md5('a')::uuid, md5('b')::uuid)$$, ARRAY['already_following'], 'repeated');
SELECT throws_ok($$SELECT follow.follow_user(md5('a')::uuid, md5('a')::uuid)$$, '22023', 'nobody can follow themselves');
SELECT throws_ok($$SELECT follow.follow_user(md5('a')::uuid, NULL)$$, '22004', 'following_id must not be null');
SELECT throws_ok($$SELECT follow.follow_user(md5('a')::uuid, md5('x')::uuid)$$, 'PT404', 'there is no such user');
INSERT INTO user_block VALUES (md5('c')::uuid, md5('a')::uuid);
SELECT throws_ok($$SELECT follow.follow_user(md5('a')::uuid, md5('c')::uuid)$$, 'PT403', 'one of the two users has blocked the other');
SELECT throws_ok($$SELECT follow.follow_user(md5('c')::uuid)$$, 'PT401', 'nobody is signed in');
SELECT set_config('request.jwt.claims', json_build_object('sub', md5('b')::uuid)::text, true) \g /dev/null
SELECT results_eq($$SELECT follower_id FROM follow.follow_user(md5('c')::uuid)$$, ARRAY[md5('b')::uuid], 'the caller follows');
SELECT set_eq($$SELECT follower_id, following_id FROM user_follow$$,
              $$VALUES (md5('a')::uuid, md5('b')::uuid), (md5('b')::uuid, md5('c')::uuid)$$, 'the rows are what was answered');
SELECT lives_ok($$SELECT follow.follow_detach_graph()$$, 'the graph is detached');
SELECT throws_ok($$SELECT follow.follow_user(md5('a')::uuid, md5('b')::uuid)$$, '55000', 'no follow graph is attached');

SELECT * FROM finish();
ROLLBACK;
