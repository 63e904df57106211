-- What the follows take: the table and each of its indexes, in megabytes and in bytes for a follow.
SELECT :'size', oid::regclass, round(size / 1e6, 1), round(size / follows, 1)
FROM (SELECT count(*)::numeric FROM user_follow) AS number (follows),
    LATERAL (
        SELECT oid, relkind, pg_relation_size(oid)
        FROM pg_class
        WHERE oid = 'user_follow'::regclass
            OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'user_follow'::regclass)
    ) AS part (oid, relkind, size)
ORDER BY relkind DESC, oid::regclass::text;
