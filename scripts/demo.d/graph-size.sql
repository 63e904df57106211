-- One line on the size and the shape of the graph.
SELECT format(
    '%s users, %s follows, %s blocks; the most followed has %s followers, the median of those who are followed at all is %s',
    (SELECT count(*) FROM auth.users),
    (SELECT count(*) FROM public.user_follow),
    (SELECT count(*) FROM public.user_block),
    max(followers),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY followers)
)
FROM (SELECT count(*) AS followers FROM public.user_follow GROUP BY following_id) AS followed;
