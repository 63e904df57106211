-- One line on the size and the shape of the graph.
SELECT format(
    '%s users, %s follows, %s blocks; the most followed user has %s followers, the median user %s',
    (SELECT count(*) FROM auth.users),
    (SELECT count(*) FROM public.user_follow),
    (SELECT count(*) FROM public.user_block),
    max(followers),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY followers)
)
FROM (
    SELECT count(user_follow.id) AS followers
    FROM auth.users LEFT JOIN public.user_follow ON user_follow.following_id = users.id
    GROUP BY users.id
) AS followed;
