-- A graph of 2^d users who follow d others each, the same in every run. Of the users 1 to 2^d, each follows one of rank 1,
-- one of the ranks 2 and 3, one of 4 to 7, and so on: how many followers a user has falls with the rank, as in Zipf's law.
-- As many strangers, who follow nobody yet, are each blocked by one user.
CREATE SCHEMA bench;

CREATE FUNCTION bench.person(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN md5('person ' || number)::uuid;

-- The rank of whom a user follows in a step, from 0 to d - 1.
CREATE FUNCTION bench.followed(number bigint, step int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (1::bigint << step) + (hashint8extended(number, step) & ((1::bigint << step) - 1));

CREATE FUNCTION bench.stranger(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN bench.person(-number);

-- Rows first, then what is made of them: indexes and constraints that come with the tables are set aside meanwhile.
CREATE TEMPORARY TABLE set_aside AS
SELECT
    format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS create
FROM pg_constraint
WHERE contype IN ('p', 'u', 'f') AND conrelid IN ('user_follow'::regclass, 'user_block'::regclass)
UNION ALL
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index
WHERE indrelid IN ('user_follow'::regclass, 'user_block'::regclass)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);

SELECT drop FROM set_aside \gexec

-- Where there are users.
SELECT to_regclass('auth.users') IS NOT NULL AS have_users \gset
\if :have_users
    INSERT INTO auth.users (id)
    SELECT bench.person(number) FROM generate_series(1, 1::bigint << :d) AS number
    UNION ALL
    SELECT bench.stranger(number) FROM generate_series(1, 1::bigint << :d) AS number;
\endif

-- In the order of their time, as an app writes them.
INSERT INTO user_follow (follower_id, following_id, created_at)
SELECT bench.person(number), bench.person(bench.followed(number, step)), created_at
FROM (
    SELECT number, step, timestamptz '2026-01-01 00:00Z' - (hashint8extended(number, step + 100) & 63072000) * interval '1 s'
        AS created_at
    FROM generate_series(1, 1::bigint << :d) AS number, generate_series(0, :d - 1) AS step
    WHERE bench.followed(number, step) <> number
    ORDER BY created_at
) AS follow;

INSERT INTO user_block (blocker_id, blocked_id)
SELECT bench.person(number), bench.stranger(number) FROM generate_series(1, 1::bigint << :d) AS number;

SELECT "create" FROM set_aside \gexec
DROP TABLE set_aside;
