-- What is in the tables. A pair is both blocked and following where a follow stands beside the block, either way round.
SELECT 'follows', count(*) FROM public.user_follow;
SELECT 'blocks', count(*) FROM public.user_block;
SELECT 'both', count(*)
FROM public.user_block
WHERE EXISTS (
    SELECT FROM public.user_follow
    WHERE (follower_id, following_id) IN ((blocker_id, blocked_id), (blocked_id, blocker_id))
);
