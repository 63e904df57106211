-- The schema of an app that has follows already: users in another schema, row-level security on auth.uid(), which reads
-- the claims that PostgREST sets. Nothing in it knows of follow_ext.

DO $$
DECLARE
    app_role text;
BEGIN
    FOREACH app_role IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = app_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', app_role);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE service_role BYPASSRLS;

CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;

CREATE TABLE auth.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text UNIQUE
);

CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$$;

CREATE TABLE public.user_profile (
    user_id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    username text NOT NULL UNIQUE,
    display_name text,
    avatar_url text
);

CREATE TABLE public.user_follow (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    follower_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (follower_id, following_id),
    CHECK (follower_id <> following_id)
);
CREATE INDEX user_follow_follower_idx ON public.user_follow (follower_id, created_at DESC);
CREATE INDEX user_follow_following_idx ON public.user_follow (following_id, created_at DESC);

CREATE TABLE public.user_block (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    blocker_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    blocked_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX user_block_blocker_idx ON public.user_block (blocker_id);
CREATE INDEX user_block_blocked_idx ON public.user_block (blocked_id);
CREATE INDEX user_block_pair_idx ON public.user_block (blocker_id, blocked_id);

ALTER TABLE public.user_profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_follow ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_block ENABLE ROW LEVEL SECURITY;

CREATE POLICY "profiles are public" ON public.user_profile FOR SELECT USING (true);
CREATE POLICY "both parties see a follow" ON public.user_follow FOR SELECT
    USING (auth.uid() = follower_id OR auth.uid() = following_id);
CREATE POLICY "the follower follows" ON public.user_follow FOR INSERT WITH CHECK (auth.uid() = follower_id);
CREATE POLICY "the follower unfollows" ON public.user_follow FOR DELETE USING (auth.uid() = follower_id);
CREATE POLICY "the blocker sees a block" ON public.user_block FOR SELECT USING (auth.uid() = blocker_id);
CREATE POLICY "the blocker blocks" ON public.user_block FOR INSERT WITH CHECK (auth.uid() = blocker_id);
CREATE POLICY "the blocker unblocks" ON public.user_block FOR DELETE USING (auth.uid() = blocker_id);

GRANT SELECT ON public.user_profile TO anon, authenticated, service_role;
GRANT SELECT, INSERT, DELETE ON public.user_follow, public.user_block TO authenticated, service_role;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
