-- is_following, relationships, lists and counts: answers, arguments, and what they show to whom.
CREATE EXTENSION follow_ext;
\set SHOW_CONTEXT never
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set d '\'00000000-0000-0000-0000-00000000000d\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''
CREATE ROLE regress_follow_user;
CREATE ROLE regress_follow_service BYPASSRLS;
SELECT follow_create_graph(lists_visible_to => 'everyone', roles => '{regress_follow_user, regress_follow_service}');
-- ties, and one row that is older
INSERT INTO user_follow VALUES
    (:a, :c, '2020-01-01 UTC'), (:b, :c, '2020-01-01 UTC'), (:d, :c, '2020-01-01 UTC'), (:nobody, :c, '2019-01-01 UTC'),
    (:a, :b, '2020-01-02 UTC'), (:a, :d, '2020-01-03 UTC'), (:b, :a, '2020-01-04 UTC'), (:d, :b, '2020-01-05 UTC');

-- Answers
SET timezone = 'UTC';
SELECT is_following(:a, :b), is_following(:b, :d), is_following(:a, :a), is_following(follower_id => :a, following_id => :nobody);
SELECT * FROM followers_of(:c);
SELECT * FROM followers_of(:c, 2);
SELECT * FROM followers_of(:c, 2, '2020-01-01 UTC', :b);
SELECT * FROM followers_of(:c, after_created_at => '2020-01-01 UTC', after_user_id => :a);
SELECT * FROM followers_of(:c, 2, '2019-01-01 UTC', :nobody);
SELECT * FROM followers_of(:c, 50, 'infinity', :a);
SELECT * FROM followers_of(:c, 50, '-infinity', :a);
SELECT * FROM followers_of(:c, 50, NULL, :a);
SELECT * FROM following_of(:a);
SELECT * FROM following_of(:a, 1, '2020-01-03 UTC', :d);
SELECT * FROM following_of(:nobody, 10000);
SELECT * FROM mutual_followers(:a, :c);
SELECT * FROM mutual_followers(:a, :c, 1);
SELECT * FROM mutual_followers(:a, :c, 1, :b);
SELECT * FROM mutual_followers(:a, :c, 1, :d);
SELECT * FROM mutual_followers(:b, :b);
SELECT * FROM follow_counts(:c);
SELECT * FROM follow_counts(:a);
SELECT * FROM follow_counts('00000000-0000-0000-0000-000000000000');
INSERT INTO user_block VALUES (:c, :nobody), (:d, :a);
SELECT * FROM relationships(:a, ARRAY[:d, :b, NULL, :c, :d, :a, :nobody]::uuid[]);
SELECT user_id, blocking FROM relationships(:c, ARRAY[:nobody, :a]::uuid[]);
SELECT * FROM relationships(:a, '{}');
SELECT count(*), count(DISTINCT user_id), bool_or(following) AS following
FROM relationships(:a, ARRAY(SELECT md5((i % 900)::text)::uuid FROM generate_series(1, 1000) i) || :b::uuid);
SELECT bool_and(user_id = id) AS in_order
FROM unnest(ARRAY(SELECT md5((i % 900)::text)::uuid FROM generate_series(1, 1000) i)) WITH ORDINALITY u (id, n)
JOIN relationships(:a, ARRAY(SELECT md5((i % 900)::text)::uuid FROM generate_series(1, 1000) i)) WITH ORDINALITY
    r (user_id, following, followed_by, blocking, n) USING (n);

-- Many edges and few, asked about many and few, whichever indexes lead to them
CREATE FUNCTION person(i int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5('person ' || i)::uuid $$;
CREATE FUNCTION relationships_of_both() RETURNS TABLE (viewer int, asked int, wrong bigint, following bigint, followed_by bigint, blocking bigint)
LANGUAGE sql AS $$
    SELECT v, n,
        count(*) FILTER (WHERE (r.following, r.followed_by, r.blocking) IS DISTINCT FROM (
            EXISTS (SELECT FROM user_follow WHERE (follower_id, following_id) = (person(v), r.user_id)),
            EXISTS (SELECT FROM user_follow WHERE (follower_id, following_id) = (r.user_id, person(v))),
            EXISTS (SELECT FROM user_block WHERE (blocker_id, blocked_id) = (person(v), r.user_id)))),
        count(*) FILTER (WHERE r.following), count(*) FILTER (WHERE r.followed_by), count(*) FILTER (WHERE r.blocking)
    FROM unnest('{0, 1}'::int[]) v, unnest('{1, 2, 40, 160, 400}'::int[]) n,
        relationships(person(v), ARRAY(SELECT person(i) FROM generate_series(2, n + 1) i)) r
    GROUP BY v, n ORDER BY v, n
$$;
BEGIN;
-- 0 has many edges, 1 has few
INSERT INTO user_follow SELECT person(0), person(i) FROM generate_series(2, 301) i WHERE i % 5 <> 0;
INSERT INTO user_follow SELECT person(i), person(0) FROM generate_series(2, 401, 2) i;
INSERT INTO user_follow SELECT person(1), person(i) FROM generate_series(2, 20, 6) i;
INSERT INTO user_follow SELECT person(i), person(1) FROM generate_series(2, 200, 60) i;
INSERT INTO user_block SELECT person(0), person(i) FROM generate_series(5, 401, 5) i;
INSERT INTO user_block SELECT person(i), person(1) FROM generate_series(3, 401, 50) i;
SELECT * FROM relationships_of_both();
DROP INDEX user_follow_following_id_created_at_follower_id_idx;
SELECT sum(wrong), sum(following), sum(followed_by), sum(blocking) FROM relationships_of_both();
CREATE INDEX ON user_follow (following_id) WHERE created_at < '2020-01-01';
CREATE INDEX ON user_follow USING hash (following_id);
SELECT sum(wrong), sum(following), sum(followed_by), sum(blocking) FROM relationships_of_both();
CREATE INDEX ON user_follow (following_id DESC, created_at);
SELECT sum(wrong), sum(following), sum(followed_by), sum(blocking) FROM relationships_of_both();
SELECT n, status, count(*) FROM unnest('{0, 1}'::int[]) n, LATERAL follow_users(person(n), ARRAY(SELECT person(i) FROM generate_series(2, 401) i)) f
GROUP BY 1, 2 ORDER BY 1, 2;
ROLLBACK;

-- Half a pair is nobody's edge
BEGIN;
SELECT follow_detach_graph();
CREATE TABLE half_follow (follower_id uuid, following_id uuid, UNIQUE (follower_id, following_id));
CREATE TABLE half_block (blocker_id uuid, blocked_id uuid, UNIQUE (blocker_id, blocked_id));
CREATE INDEX ON half_follow (following_id);
CREATE INDEX ON half_block (blocked_id);
SELECT follow_attach_graph('half_follow', 'half_block');
INSERT INTO half_follow VALUES (:a, NULL), (NULL, :a), (NULL, NULL);
INSERT INTO half_block VALUES (:a, NULL), (NULL, :a), (NULL, NULL);
SELECT * FROM relationships(:a, ARRAY[:b, :c]::uuid[]);
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
ROLLBACK;

-- In a query, in a read-only transaction
SELECT follower_id, following_id FROM user_follow WHERE is_following(following_id, follower_id) ORDER BY 1, 2;
BEGIN READ ONLY;
SELECT is_following(:a, :b);
SELECT count(*) FROM relationships(:a, ARRAY[:b]::uuid[]);
SELECT count(*) FROM followers_of(:c);
SELECT count(*) FROM following_of(:c);
SELECT count(*) FROM mutual_followers(:a, :c);
SELECT * FROM follow_counts(:c);
COMMIT;

-- Refused
\set VERBOSITY sqlstate
SELECT is_following(NULL, :a);
SELECT is_following(:a, NULL);
SELECT is_following(:a);
SELECT relationships(NULL, ARRAY[:a]::uuid[]);
SELECT relationships(:a, NULL);
SELECT relationships(:a, ARRAY[[:a], [:b]]::uuid[]);
SELECT relationships(ARRAY[:a]::uuid[]);
SELECT followers_of(NULL);
SELECT followers_of(:a, NULL);
SELECT followers_of(:a, 0);
SELECT followers_of(:a, 10001);
SELECT followers_of(:a, -1);
SELECT followers_of(:a, 10, now());
SELECT following_of(NULL);
SELECT following_of(:a, 10, now());
SELECT mutual_followers(NULL, :a);
SELECT mutual_followers(:a, NULL);
SELECT mutual_followers(:a, :a, NULL);
SELECT mutual_followers(:a, :a, 0);
SELECT follow_counts(NULL);
\set VERBOSITY default
SELECT followers_of(:a, 10001);
SELECT followers_of(:a, 10, now());

-- Who is signed in, where the first argument is left out
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT is_following(:b), is_following(following_id => :nobody);
SELECT * FROM relationships(ARRAY[:b, :d]::uuid[]);
SELECT * FROM relationships(user_ids => ARRAY[:b, :d]::uuid[]);
RESET request.jwt.claims;

-- Lists show what the policies show; counts are for whoever may execute follow_counts
SET ROLE regress_follow_user;
SELECT is_following(:a, :b), (SELECT count(*) FROM followers_of(:c)) AS listed;
SELECT follow_counts(:c);
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT is_following(:a, :b), (SELECT count(*) FROM followers_of(:c)) AS listed;
RESET ROLE;
DROP POLICY see_follows ON user_follow;
CREATE POLICY see_follows ON user_follow FOR SELECT
    USING ((nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid IN (follower_id, following_id));
GRANT EXECUTE ON FUNCTION follow_counts TO regress_follow_user;
SET ROLE regress_follow_user;
SELECT is_following(:a, :b), is_following(:a, :c), (SELECT count(*) FROM followers_of(:c)) AS listed;
SELECT * FROM mutual_followers(:a, :c);
SELECT * FROM follow_counts(:c);
RESET ROLE;
SET ROLE regress_follow_service;
SELECT is_following(:a, :c), (SELECT count(*) FROM followers_of(:c)) AS listed;
RESET ROLE;
REVOKE SELECT ON user_block FROM regress_follow_user;
SET ROLE regress_follow_user;
SELECT relationships(ARRAY[:b]::uuid[]);
\echo :LAST_ERROR_SQLSTATE
SELECT is_following(:b);
RESET ROLE;
REVOKE SELECT ON user_follow FROM regress_follow_user;
GRANT SELECT ON user_block TO regress_follow_user;
SET ROLE regress_follow_user;
\set VERBOSITY sqlstate
SELECT is_following(:b);
SELECT relationships(ARRAY[:b]::uuid[]);
SELECT followers_of(:b);
SELECT followers_of(:b, 50, NULL, :a);
SELECT following_of(:b);
SELECT mutual_followers(:b, :a);
\set VERBOSITY default
SELECT * FROM follow_counts(:c);
RESET ROLE;
GRANT SELECT ON user_follow TO regress_follow_user;

-- Nobody reads that they are blocked: all reads say the same with and without the other's block
CREATE FUNCTION everything_about(x uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    me uuid := follow_caller_id();
    answers text;
BEGIN
    SELECT string_agg(a::text, ' ') INTO answers FROM (
        SELECT is_following(x)::text UNION ALL SELECT is_following(x, me)::text
        UNION ALL SELECT r::text FROM relationships(ARRAY[x]) r UNION ALL SELECT r::text FROM relationships(x, ARRAY[me]) r
        UNION ALL SELECT f::text FROM followers_of(x) f UNION ALL SELECT f::text FROM followers_of(me) f
        UNION ALL SELECT f::text FROM following_of(x) f UNION ALL SELECT f::text FROM following_of(me) f
        UNION ALL SELECT m::text FROM mutual_followers(me, x) m UNION ALL SELECT m::text FROM mutual_followers(x, me) m
        UNION ALL SELECT c::text FROM follow_counts(x) c UNION ALL SELECT c::text FROM follow_counts(me) c
    ) a;
    RETURN answers;
END
$$;
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT everything_about(:d) AS before \gset
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000d"}';
SELECT status FROM remove_follower(:b);
SELECT status FROM unfollow_user(:b);
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT everything_about(:d) AS without \gset
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000d"}';
SELECT status FROM block_user(:b);
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000b"}';
SELECT everything_about(:d) AS blocked \gset
SELECT :'before' <> :'without' AS a_follow_is_seen, :'without' = :'blocked' AS a_block_is_not;
-- but what they did themselves
SELECT status FROM block_user(:d);
SELECT everything_about(:d) <> :'blocked' AS own_block_is_seen;
RESET ROLE;
RESET request.jwt.claims;

-- Rows without a time come last, by user; tables without a time are read by user
ALTER TABLE user_follow ALTER created_at DROP NOT NULL;
UPDATE user_follow SET created_at = NULL WHERE follower_id IN (:b, :d);
SELECT * FROM followers_of(:c);
SELECT * FROM followers_of(:c, 3);
SELECT * FROM followers_of(:c, 2, '2019-01-01 UTC', :nobody);
SELECT * FROM followers_of(:c, 2, NULL, :d);
ALTER TABLE user_follow ALTER created_at TYPE date;
SELECT * FROM followers_of(:c, 3);
SELECT * FROM followers_of(:c, 3, '2020-01-01 UTC', :a);
ALTER TABLE user_follow ALTER created_at TYPE timestamp;
SELECT * FROM followers_of(:c, 1);
SELECT * FROM followers_of(:c, 3, '2020-01-01 UTC', :a);
-- a time without a zone is UTC, whatever the session's zone makes of it: the cursor leads on, and nothing overflows
UPDATE user_follow SET created_at = '2024-03-10 02:30' WHERE follower_id = :a AND following_id = :c;
SET timezone = 'America/New_York';
SELECT user_id, created_at AT TIME ZONE 'UTC' AS utc FROM followers_of(:c, 1);
SELECT user_id, created_at AT TIME ZONE 'UTC' AS utc FROM followers_of(:c, 1, '2024-03-10 02:30 UTC', :a);
UPDATE user_follow SET created_at = '294276-12-31 23:59:59' WHERE follower_id = :a AND following_id = :c;
SELECT status FROM follow_user(:a, :c);
SELECT user_id FROM followers_of(:c, 1);
SET timezone = 'UTC';
SET client_min_messages = error;
SELECT follow_attach_graph('user_follow', 'user_block', created_at_column => NULL);
RESET client_min_messages;
SELECT * FROM followers_of(:c, 2);
SELECT * FROM followers_of(:c, 2, NULL, :b);
SELECT * FROM followers_of(:c, 2, now(), :b);

SELECT follow_detach_graph();
SELECT is_following(:a, :b);
\echo :LAST_ERROR_SQLSTATE
DROP EXTENSION follow_ext;
DROP TABLE user_follow, user_block;
DROP FUNCTION everything_about(uuid);
DROP ROLE regress_follow_user, regress_follow_service;
