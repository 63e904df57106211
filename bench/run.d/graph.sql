-- The same users and follows in every database. Users are numbered: first the stars, then their fans, then 1000
-- celebrities. All follows are older than 2021, so that those that a run makes can be told apart.
CREATE EXTENSION pg_prewarm;
CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO authenticated;

-- Immutable and inlined: it costs every way the same, and little.
CREATE FUNCTION bench.member(number int) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN lpad(to_hex(number), 32, '0')::uuid;

-- When the follow at this position of a list was made, the newest first.
CREATE FUNCTION bench.made(place int) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    RETURN to_timestamp(1577836800 - place);

INSERT INTO auth.users (id) SELECT bench.member(n) FROM generate_series(0, :stars + :fans + 999) AS n;

INSERT INTO user_profile (user_id, username) SELECT id, 'user ' || id FROM auth.users;

-- Each fan follows three stars and the last of the celebrities, whose list of followers is the one that is read.
INSERT INTO user_follow (follower_id, following_id, created_at)
SELECT bench.member(:stars + fan), bench.member((fan + nth) % :stars), bench.made(fan)
FROM generate_series(0, :fans - 1) AS fan, generate_series(0, 2) AS nth
UNION ALL
SELECT bench.member(:stars + fan), bench.member(:stars + :fans + 999), bench.made(fan)
FROM generate_series(0, :fans - 1) AS fan;

-- Between each of the last third of the fans and a star that this fan does not follow, by turns in either direction.
INSERT INTO user_block (blocker_id, blocked_id)
SELECT
    bench.member(CASE WHEN fan % 2 = 0 THEN fan + :stars ELSE (fan + 100) % :stars END),
    bench.member(CASE WHEN fan % 2 = 0 THEN (fan + 100) % :stars ELSE fan + :stars END)
FROM generate_series(:fans * 2 / 3, :fans - 1) AS fan;
