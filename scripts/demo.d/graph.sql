-- The app's data for the demo: users, a follow history with a few celebrities and a long tail, blocks, and the calls
-- that will be made. The seed is fixed and ids are made from numbers, so that every run has the same graph.
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

-- A call by each of two clients, which make those of one number at the same moment.
CREATE TABLE demo.call (
    scene text NOT NULL,
    side int NOT NULL,
    number int NOT NULL,
    caller_id uuid NOT NULL,
    target_id uuid NOT NULL,
    PRIMARY KEY (scene, side, number)
);

-- Pairs with nothing between them, each once.
CREATE TEMPORARY TABLE stranger ON COMMIT DROP AS
SELECT follower, following, row_number() OVER (ORDER BY random()) AS number
FROM (
    SELECT DISTINCT ON (least(follower, following), greatest(follower, following)) follower, following
    FROM (
        SELECT pg_temp.random_member(1.5) AS follower, pg_temp.random_member(3) AS following
        FROM generate_series(1, 4 * greatest(:fresh_taps, :crossings))
    ) AS draw
    WHERE follower <> following
      AND NOT EXISTS (
            SELECT FROM public.user_follow
            WHERE (follower_id, following_id) IN ((follower, following), (following, follower))
          )
      AND NOT EXISTS (
            SELECT FROM public.user_block
            WHERE (blocker_id, blocked_id) IN ((follower, following), (following, follower))
          )
    ORDER BY least(follower, following), greatest(follower, following), follower
) AS pair;

-- Double taps: both clients make the same follow.
WITH blocks AS (
    SELECT blocker_id, blocked_id, row_number() OVER (ORDER BY blocker_id, blocked_id) AS number
    FROM public.user_block
    WHERE blocker_id <> :'carol'
    LIMIT :blocked_taps
), taps AS (
    SELECT follower, following FROM stranger WHERE number <= :fresh_taps
    UNION ALL
    -- Every other one by the user who was blocked, from whom the policy hides it; the rest by the one who blocks.
    SELECT blocked_id, blocker_id FROM blocks WHERE number % 2 = 0
    UNION ALL
    SELECT blocker_id, blocked_id FROM blocks WHERE number % 2 = 1
), numbered AS (
    SELECT follower, following, row_number() OVER (ORDER BY random()) - 1 AS number FROM taps
)
INSERT INTO demo.call (scene, side, number, caller_id, target_id)
SELECT 'tap', side, number, follower, following FROM numbered, generate_series(0, 1) AS side;

-- Crossings: one client makes the follow, the other the block of the follower by whom is followed.
WITH mutual AS (
    SELECT follower_id AS follower, following_id AS following
    FROM public.user_follow
    WHERE follower_id < following_id
      AND EXISTS (
            SELECT FROM public.user_follow AS back
            WHERE (back.follower_id, back.following_id) = (user_follow.following_id, user_follow.follower_id)
          )
    ORDER BY follower_id, following_id
    LIMIT :mutual_crossings
), crossings AS (
    SELECT follower, following FROM mutual
    UNION ALL
    SELECT follower, following FROM stranger WHERE number <= :crossings - :mutual_crossings
), numbered AS (
    SELECT follower, following, row_number() OVER (ORDER BY random()) - 1 AS number FROM crossings
)
INSERT INTO demo.call (scene, side, number, caller_id, target_id)
SELECT 'crossing', 0, number, follower, following FROM numbered
UNION ALL
SELECT 'crossing', 1, number, following, follower FROM numbered;

COMMIT;
ANALYZE;
