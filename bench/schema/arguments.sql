-- The arguments of :count calls of each kind, behind its name. Users and ranks are spread over the graph; no two calls
-- change the same follow.
WITH spread AS (
    SELECT position * (1::bigint << :d) / 256 AS number, position % :d AS step
    FROM generate_series(1, 256) AS position
), call AS (
    SELECT number, 'new_follow' AS name, bench.stranger(number) AS user_id, bench.followed(number, step) AS rank FROM spread
    UNION ALL SELECT number, 'repeated_follow', bench.person(number), bench.followed(number, step) FROM spread
    UNION ALL SELECT number, 'is_following', bench.person(number), bench.followed(number, step) FROM spread
    UNION ALL SELECT number, 'unfollow', bench.person(number), bench.followed(number, :d - 1) FROM spread
    UNION ALL SELECT number, 'block', bench.person(number), bench.followed(number, :d - 2) FROM spread
), arguments AS (
    SELECT name, number, format('%L, %L', user_id, bench.person(rank)) AS arguments FROM call WHERE rank <> number
    UNION ALL
    SELECT 'followers_of', number, format('%L', bench.person(bench.followed(number, step))) FROM spread
    UNION ALL
    SELECT 'relationships', number, format('%L, %L', bench.person(number), array(
        SELECT bench.person(bench.followed(number + other, other % :d)) FROM generate_series(1, 100) AS other))
    FROM spread
), numbered AS (
    SELECT name, arguments, row_number() OVER (PARTITION BY name ORDER BY number) AS position FROM arguments
)
SELECT name, arguments FROM numbered WHERE position <= :count ORDER BY name, position;
