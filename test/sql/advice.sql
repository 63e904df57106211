-- What follow_attach_graph reports on the tables of an app, and that what it says to run is enough.
CREATE EXTENSION follow_ext;
\getenv abs_srcdir PG_ABS_SRCDIR
\set schema :abs_srcdir '/app/schema.sql'
\set SHOW_CONTEXT never
\set ECHO none
\i :schema
\set ECHO all

\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
INSERT INTO auth.users (id) VALUES (:a), (:b), (:c);
GRANT USAGE ON SCHEMA public TO authenticated;

-- The app's policies let only the follower end a follow, and show a follow to its two users alone
SELECT follow_attach_graph('user_follow', 'user_block');
SELECT follow_user(:a, :b) IS NOT NULL AS followed, follow_user(:c, :b) IS NOT NULL AS followed;
SET ROLE authenticated;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT status FROM remove_follower(:a);
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT user_id FROM followers_of(:b);
RESET ROLE;

-- What a policy looks at in a sub-SELECT counts as much: this one lets only the follower end a follow, too
CREATE POLICY by_member ON public.user_follow FOR DELETE USING (EXISTS (SELECT FROM auth.users u WHERE u.id = follower_id AND u.id = auth.uid()));
SELECT follow_attach_graph('user_follow', 'user_block');
DROP POLICY by_member ON public.user_follow;

-- With the policies that were reported
CREATE POLICY remove_follower ON public.user_follow FOR DELETE USING (following_id = (SELECT (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid));
CREATE POLICY see_lists ON public.user_follow FOR SELECT USING ((SELECT (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid) IS NOT NULL);
SELECT follow_attach_graph('user_follow', 'user_block');
SET ROLE authenticated;
SELECT user_id FROM followers_of(:b) ORDER BY 1;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT status FROM remove_follower(:a);
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT status FROM remove_follower(user_id => :b, follower_id => :c);
RESET ROLE;
RESET request.jwt.claims;

-- A restrictive policy lets nobody do anything; one for all commands does
DROP POLICY remove_follower ON public.user_follow;
DROP POLICY see_lists ON public.user_follow;
CREATE POLICY no_more ON public.user_follow AS RESTRICTIVE USING (true);
SELECT follow_attach_graph('user_follow', 'user_block');
DROP POLICY no_more ON public.user_follow;
CREATE POLICY everything ON public.user_follow USING (true);
SELECT follow_attach_graph('user_follow', 'user_block');

-- Without row security there is nothing to report; indexes are missed and found
ALTER TABLE user_follow DISABLE ROW LEVEL SECURITY;
DROP INDEX user_follow_follower_idx, user_follow_following_idx;
SELECT follow_attach_graph('user_follow', 'user_block');
CREATE INDEX partial ON user_follow (following_id, created_at) WHERE created_at > '2020-01-01';
CREATE INDEX hashed ON user_follow USING hash (following_id);
SELECT follow_attach_graph('user_follow', 'user_block');
DROP INDEX partial, hashed;
CREATE INDEX ON public.user_follow (following_id, created_at, follower_id);
CREATE INDEX ON public.user_follow (follower_id, created_at, following_id);
SELECT follow_attach_graph('user_follow', 'user_block');

SELECT follow_detach_graph();
DROP TABLE user_follow, user_block, user_profile;
DROP SCHEMA auth CASCADE;
DROP EXTENSION follow_ext;
