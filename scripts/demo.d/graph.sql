-- The app's data for the demo: users, a follow history with a few celebrities and a long tail, blocks, and the taps
-- that will be sent. The seed is fixed and ids are made from numbers, so that every run has the same graph.
BEGIN;

CREATE FUNCTION pg_temp.member(rank int) RETURNS uuid LANGUAGE sql
    RETURN md5('member ' || rank)::uuid;

-- One of the members, at random: the higher the power, the more often one of the first ranks.
CREATE FUNCTION pg_temp.random_member(power float8) RETURNS uuid LANGUAGE sql
    RETURN pg_temp.member(1 + floor(:members * random() ^ power)::int);

INSERT INTO auth.users (id, email)
SELECT pg_temp.member(rank), format('member%s@example.com', rank) FROM generate_series(1, :members) AS rank
UNION ALL
SELECT id::uuid, name || '@example.com'
FROM (VALUES (:'alice', 'alice'), (:'bob', 'bob'), (:'carol', 'carol'), (:'dave', 'dave')) AS named (id, name);

INSERT INTO public.user_profile (user_id, username, display_name)
SELECT id, split_part(email, '@', 1), initcap(split_part(email, '@', 1)) FROM auth.users;

SELECT setseed(0.4711) \g /dev/null

INSERT INTO public.user_follow (follower_id, following_id, created_at)
SELECT follower, following, now() - age * interval '2 years'
FROM (
    SELECT pg_temp.random_member(1.5) AS follower, pg_temp.random_member(3) AS following, random() AS age
    FROM generate_series(1, :members * 10)
) AS draw
WHERE follower <> following
ON CONFLICT DO NOTHING;

-- Nobody is blocked and followed at the start.
INSERT INTO public.user_block (blocker_id, blocked_id)
SELECT blocker, blocked
FROM (
    SELECT pg_temp.random_member(3) AS blocker, pg_temp.random_member(1) AS blocked
    FROM generate_series(1, :members / 5)
) AS draw
WHERE blocker <> blocked
  AND NOT EXISTS (
        SELECT FROM public.user_follow
        WHERE (follower_id, following_id) IN ((blocker, blocked), (blocked, blocker))
      )
ON CONFLICT DO NOTHING;

INSERT INTO public.user_block (blocker_id, blocked_id) VALUES (:'carol', :'alice');

CREATE SCHEMA demo;

CREATE TABLE demo.tap (
    number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    follower_id uuid NOT NULL,
    following_id uuid NOT NULL,
    across_a_block boolean NOT NULL,
    UNIQUE (follower_id, following_id)
);

WITH fresh AS (
    SELECT DISTINCT follower, following
    FROM (
        SELECT pg_temp.random_member(1.5) AS follower, pg_temp.random_member(3) AS following
        FROM generate_series(1, :fresh_taps * 3)
    ) AS draw
    WHERE follower <> following
      AND NOT EXISTS (SELECT FROM public.user_follow WHERE (follower_id, following_id) = (follower, following))
      AND NOT EXISTS (
            SELECT FROM public.user_block
            WHERE (blocker_id, blocked_id) IN ((follower, following), (following, follower))
          )
    LIMIT :fresh_taps
), blocks AS (
    SELECT blocker_id, blocked_id, row_number() OVER (ORDER BY blocker_id, blocked_id) AS number
    FROM public.user_block
    WHERE blocker_id <> :'carol'
    LIMIT :blocked_taps
), taps AS (
    SELECT follower, following, false AS across_a_block FROM fresh
    UNION ALL
    -- Every other one by the user who was blocked, from whom the policy hides it; the rest by the one who blocks.
    SELECT blocked_id, blocker_id, true FROM blocks WHERE number % 2 = 0
    UNION ALL
    SELECT blocker_id, blocked_id, true FROM blocks WHERE number % 2 = 1
)
INSERT INTO demo.tap (follower_id, following_id, across_a_block)
SELECT follower, following, across_a_block FROM taps ORDER BY random();

COMMIT;
ANALYZE;
