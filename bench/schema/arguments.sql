-- The arguments of :count calls of each kind, behind its name. Users and ranks are spread over the graph; a user who is
-- called for twice is never in calls that change the same follow.
WITH step AS (
    SELECT number, position % :d AS any_rank, :d - 1 AS unfollow, :d - 2 AS block
    FROM generate_series(1, 256) AS position, LATERAL (SELECT position * (1::bigint << :d) / 256) AS spread (number)
    WHERE position > 0
    ORDER BY position
), pair AS (
    SELECT number, 'new_follow' AS call, bench.stranger(number) AS a, bench.followed(number, any_rank) AS b FROM step
    UNION ALL SELECT number, 'repeated_follow', bench.person(number), bench.followed(number, any_rank) FROM step
    UNION ALL SELECT number, 'is_following', bench.person(number), bench.followed(number, any_rank) FROM step
    UNION ALL SELECT number, 'unfollow', bench.person(number), bench.followed(number, unfollow) FROM step
    UNION ALL SELECT number, 'block', bench.person(number), bench.followed(number, block) FROM step
), numbered AS (
    SELECT call, row_number() OVER (PARTITION BY call ORDER BY number) AS position,
        format('%L, %L', a, bench.person(b)) AS arguments
    FROM pair
    WHERE b <> number
)
SELECT call, arguments FROM numbered WHERE position <= :count ORDER BY call, position;
