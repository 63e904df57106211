-- What is left in the tables: follows, those among them that the run made, and those beside a block.
SELECT
    count(*),
    count(*) FILTER (WHERE created_at > '2021-01-01'),
    (SELECT count(*) FROM user_block JOIN user_follow ON (follower_id, following_id) = (blocker_id, blocked_id))
    + (SELECT count(*) FROM user_block JOIN user_follow ON (follower_id, following_id) = (blocked_id, blocker_id))
FROM user_follow;
