-- The same operations as careful people write them in PL/pgSQL: the same lock, the same checks, nothing more.
CREATE FUNCTION lock_pair(a uuid, b uuid) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(least(a, b)::text || greatest(a, b)::text, 0))
$$;

CREATE FUNCTION follow_user(follower uuid, following uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF follower IS NULL OR following IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    IF follower = following THEN
        RAISE invalid_parameter_value;
    END IF;
    IF EXISTS (SELECT FROM user_follow f WHERE f.follower_id = follower AND f.following_id = following) THEN
        RETURN 'already_following';
    END IF;
    PERFORM lock_pair(follower, following);
    IF EXISTS (SELECT FROM user_block b WHERE b.blocker_id = follower AND b.blocked_id = following)
        OR EXISTS (SELECT FROM user_block b WHERE b.blocker_id = following AND b.blocked_id = follower)
    THEN
        RAISE SQLSTATE 'PT403';
    END IF;
    INSERT INTO user_follow (follower_id, following_id) VALUES (follower, following) ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'following' ELSE 'already_following' END;
END
$$;

CREATE FUNCTION unfollow_user(follower uuid, following uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF follower IS NULL OR following IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    PERFORM lock_pair(follower, following);
    DELETE FROM user_follow f WHERE f.follower_id = follower AND f.following_id = following;
    RETURN CASE WHEN FOUND THEN 'unfollowed' ELSE 'not_following' END;
END
$$;

CREATE FUNCTION block_user(blocker uuid, blocked uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    is_new boolean;
BEGIN
    IF blocker IS NULL OR blocked IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    IF blocker = blocked THEN
        RAISE invalid_parameter_value;
    END IF;
    PERFORM lock_pair(blocker, blocked);
    INSERT INTO user_block (blocker_id, blocked_id) VALUES (blocker, blocked) ON CONFLICT DO NOTHING;
    is_new := FOUND;
    DELETE FROM user_follow f
    WHERE (f.follower_id, f.following_id) = (blocker, blocked) OR (f.follower_id, f.following_id) = (blocked, blocker);
    RETURN CASE WHEN is_new THEN 'blocked' ELSE 'already_blocked' END;
END
$$;

CREATE FUNCTION is_following(follower uuid, following uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF follower IS NULL OR following IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    RETURN EXISTS (SELECT FROM user_follow f WHERE f.follower_id = follower AND f.following_id = following);
END
$$;

-- A block as plain statements: what stands beside the bare INSERT of a follow.
CREATE FUNCTION bench.plain_block(blocker uuid, blocked uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO user_block (blocker_id, blocked_id) VALUES (blocker, blocked) ON CONFLICT DO NOTHING;
    DELETE FROM user_follow f
    WHERE (f.follower_id, f.following_id) = (blocker, blocked) OR (f.follower_id, f.following_id) = (blocked, blocker);
    RETURN 'blocked';
END
$$;
