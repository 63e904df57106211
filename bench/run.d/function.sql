-- What a careful developer writes in PL/pgSQL: the pair's lock first, every look in a statement of its own after it.

-- It reads as its owner does, so that row security does not hide a block from who is blocked. (Nor from anybody else,
-- who may select from it: follow_ext does not have this leak.)
CREATE VIEW bench.block AS SELECT blocker_id, blocked_id FROM user_block;
GRANT SELECT ON bench.block TO authenticated;

CREATE FUNCTION bench.follow(follower uuid, following uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF follower = following THEN
        RAISE invalid_parameter_value;
    END IF;
    PERFORM pg_advisory_xact_lock(
        uuid_hash_extended(least(follower, following), 0) # uuid_hash_extended(greatest(follower, following), 1));
    IF EXISTS (SELECT FROM user_follow AS f WHERE f.follower_id = follower AND f.following_id = following) THEN
        RETURN 'already_following';
    END IF;
    IF EXISTS (SELECT FROM bench.block AS b WHERE b.blocker_id = follower AND b.blocked_id = following)
        OR EXISTS (SELECT FROM bench.block AS b WHERE b.blocker_id = following AND b.blocked_id = follower)
    THEN
        RAISE SQLSTATE 'PT403';
    END IF;
    INSERT INTO user_follow (follower_id, following_id) VALUES (follower, following)
    ON CONFLICT (follower_id, following_id) DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'following' ELSE 'already_following' END;
END
$$;

-- pgbench gives up at an error: a refusal is caught here, at the same cost for every way that raises one.
CREATE FUNCTION bench.refused_by_function(follower uuid, following uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bench.follow(follower, following);
    RETURN false;
EXCEPTION WHEN SQLSTATE 'PT403' THEN
    RETURN true;
END
$$;

CREATE FUNCTION bench.refused_by_follow_ext(follower uuid, following uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM follow_user(follower, following);
    RETURN false;
EXCEPTION WHEN SQLSTATE 'PT403' THEN
    RETURN true;
END
$$;
