-- The interface that an app's migrations and generated clients rely on.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE SCHEMA follow;
CREATE EXTENSION follow_ext SCHEMA follow;
SELECT plan(44);

SELECT has_extension('follow_ext');
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'follow_ext'),
          (SELECT default_version FROM pg_available_extensions WHERE name = 'follow_ext'), 'the default version is installed');

SELECT functions_are('follow', ARRAY[
    'follow_user', 'unfollow_user', 'remove_follower', 'block_user', 'unblock_user', 'follow_users', 'is_following',
    'relationships', 'followers_of', 'following_of', 'mutual_followers', 'follow_counts', 'follow_caller_id', 'follow_guard',
    'follow_create_graph', 'follow_attach_graph', 'follow_detach_graph', 'follow_graph_changed', 'follow_explain'
]);
SELECT tables_are('follow', ARRAY['follow_graph']);
SELECT types_are('follow', ARRAY[
    'follow_status', 'follow_result', 'unfollow_status', 'unfollow_result', 'block_status', 'block_result', 'unblock_status',
    'unblock_result', 'follow_users_status', 'follow_users_result', 'relationship', 'follow_list_entry', 'mutual_follower',
    'follow_counts_result'
]);
SELECT enum_has_labels('follow', 'follow_status', ARRAY['following', 'already_following']);
SELECT enum_has_labels('follow', 'unfollow_status', ARRAY['unfollowed', 'not_following']);
SELECT enum_has_labels('follow', 'block_status', ARRAY['blocked', 'already_blocked']);
SELECT enum_has_labels('follow', 'unblock_status', ARRAY['unblocked', 'not_blocked']);
SELECT enum_has_labels('follow', 'follow_users_status',
                       ARRAY['following', 'already_following', 'blocked', 'not_found', 'self']);
SELECT columns_are('follow', 'follow_result', ARRAY['status', 'follower_id', 'following_id', 'created_at']);
SELECT columns_are('follow', 'unfollow_result', ARRAY['status', 'follower_id', 'following_id']);
SELECT columns_are('follow', 'block_result', ARRAY['status', 'blocker_id', 'blocked_id']);
SELECT columns_are('follow', 'unblock_result', ARRAY['status', 'blocker_id', 'blocked_id']);
SELECT columns_are('follow', 'follow_users_result', ARRAY['following_id', 'status']);
SELECT columns_are('follow', 'relationship', ARRAY['user_id', 'following', 'followed_by', 'blocking']);
SELECT columns_are('follow', 'follow_list_entry', ARRAY['user_id', 'created_at']);
SELECT columns_are('follow', 'mutual_follower', ARRAY['user_id']);
SELECT columns_are('follow', 'follow_counts_result', ARRAY['followers', 'following']);

-- PostgREST finds an overload by the names of its arguments
SELECT set_eq($$
    SELECT proname || '(' || coalesce(array_to_string(proargnames[1:pronargs - pronargdefaults], ', '), '') || ')'
    FROM pg_proc WHERE pronamespace = 'follow'::regnamespace AND prorettype <> 'trigger'::regtype AND proname !~ '_graph$'
$$, ARRAY[
    'follow_user(follower_id, following_id)', 'follow_user(following_id)',
    'unfollow_user(follower_id, following_id)', 'unfollow_user(following_id)',
    'remove_follower(user_id, follower_id)', 'remove_follower(follower_id)',
    'block_user(blocker_id, blocked_id)', 'block_user(blocked_id)',
    'unblock_user(blocker_id, blocked_id)', 'unblock_user(blocked_id)',
    'follow_users(follower_id, following_ids)', 'follow_users(following_ids)',
    'is_following(follower_id, following_id)', 'is_following(following_id)',
    'relationships(viewer_id, user_ids)', 'relationships(user_ids)',
    'followers_of(user_id)', 'following_of(user_id)', 'mutual_followers(viewer_id, user_id)', 'follow_counts(user_id)',
    'follow_caller_id()', 'follow_explain()'
], 'the arguments that a call has to name');
SELECT set_eq($$
    SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'follow'::regnamespace AND provolatile = 'v'
$$, ARRAY[
    'follow_user', 'unfollow_user', 'remove_follower', 'block_user', 'unblock_user', 'follow_users', 'follow_guard',
    'follow_create_graph', 'follow_attach_graph', 'follow_detach_graph', 'follow_graph_changed'
], 'PostgREST sends these in a read-write transaction, and all others in a read-only one');
SELECT set_eq($$
    SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'follow'::regnamespace AND proparallel = 's'
$$, ARRAY[
    'is_following', 'relationships', 'followers_of', 'following_of', 'mutual_followers', 'follow_counts', 'follow_caller_id',
    'follow_explain'
], 'reads are parallel safe');
SELECT is(count(*), 0::bigint, 'NULL is an error, not silence')
FROM pg_proc WHERE pronamespace = 'follow'::regnamespace AND proisstrict;
SELECT is(count(*), 0::bigint, 'no function runs with its owner''s rights')
FROM pg_proc WHERE pronamespace = 'follow'::regnamespace AND prosecdef;
SELECT is((SELECT proconfig FROM pg_proc WHERE proname = 'follow_create_graph'),
          ARRAY['search_path=pg_catalog, pg_temp', 'client_min_messages=warning'],
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
SELECT results_eq($$SELECT status::text FROM follow.block_user(md5('c')::uuid, md5('a')::uuid)$$, ARRAY['blocked'], 'blocked');
SELECT results_eq($$SELECT status::text FROM follow.follow_users(md5('a')::uuid, ARRAY[md5('b'), md5('c')]::uuid[])$$,
                  ARRAY['already_following', 'blocked'], 'many at once');
SELECT results_eq($$SELECT following, followed_by, blocking FROM follow.relationships(md5('c')::uuid, ARRAY[md5('a')::uuid])$$,
                  $$VALUES (false, false, true)$$, 'relationships');
SELECT results_eq($$SELECT user_id FROM follow.followers_of(md5('b')::uuid)$$, ARRAY[md5('a')::uuid], 'followers');
SELECT results_eq($$SELECT user_id FROM follow.following_of(md5('a')::uuid)$$, ARRAY[md5('b')::uuid], 'following');
SELECT results_eq($$SELECT followers, following FROM follow.follow_counts(md5('b')::uuid)$$, $$VALUES (1::bigint, 0::bigint)$$, 'counts');
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
