-- The lines of the clients' scripts, each behind the script's name: for each call who makes it, and to whom.
SELECT format('%s.%s', scene, number % :groups * 2 + side), line
FROM demo.call,
    LATERAL (VALUES
        (1, format('\set round %s', number / :groups)),
        (2, format('\set caller %s', caller_id)),
        (3, format('\set target %s', target_id)),
        (4, '\i :files/start.psql'),
        (5, '\i :files/:call.psql')
    ) AS script (position, line)
ORDER BY scene, side, number, position;
