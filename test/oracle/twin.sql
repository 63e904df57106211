-- The twin: what the extension does, in plain PL/pgSQL, slow and obvious. It is for one session, and takes no locks.
--
-- Who sees and writes what as the caller is left to the policies of its tables. What the extension looks at as the
-- tables' owner is in functions that are SECURITY DEFINER; they are the only ones.

CREATE SCHEMA twin;

CREATE TABLE twin.users (id uuid PRIMARY KEY);

CREATE TABLE twin.user_follow (
    follower_id uuid NOT NULL REFERENCES twin.users ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES twin.users ON DELETE CASCADE,
    created_at timestamptz DEFAULT oracle.clock(),
    PRIMARY KEY (follower_id, following_id),
    CONSTRAINT two_users CHECK (follower_id <> following_id)
);

CREATE TABLE twin.user_block (
    blocker_id uuid NOT NULL REFERENCES twin.users ON DELETE CASCADE,
    blocked_id uuid NOT NULL REFERENCES twin.users ON DELETE CASCADE,
    PRIMARY KEY (blocker_id, blocked_id),
    CONSTRAINT two_users CHECK (blocker_id <> blocked_id)
);

CREATE FUNCTION twin.caller_id() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN c.sub ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN c.sub::uuid END
    FROM (SELECT nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub') AS c (sub)
$$;

CREATE POLICY see_follows ON twin.user_follow FOR SELECT USING (twin.caller_id() IN (follower_id, following_id));
CREATE POLICY follow ON twin.user_follow FOR INSERT WITH CHECK (follower_id = twin.caller_id());
CREATE POLICY end_follow ON twin.user_follow FOR DELETE USING (twin.caller_id() IN (follower_id, following_id));
CREATE POLICY see_own_blocks ON twin.user_block FOR SELECT USING (blocker_id = twin.caller_id());
CREATE POLICY block ON twin.user_block FOR INSERT WITH CHECK (blocker_id = twin.caller_id());
CREATE POLICY unblock ON twin.user_block FOR DELETE USING (blocker_id = twin.caller_id());

--
-- What is true, whoever asks
--

CREATE FUNCTION twin.user_exists(person uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT FROM twin.users u WHERE u.id = person)
$$;

CREATE FUNCTION twin.follow_exists(follower uuid, following uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT FROM twin.user_follow f WHERE f.follower_id = follower AND f.following_id = following)
$$;

CREATE FUNCTION twin.followed_at(follower uuid, following uuid) RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER AS $$
    SELECT f.created_at FROM twin.user_follow f WHERE f.follower_id = follower AND f.following_id = following
$$;

CREATE FUNCTION twin.is_blocked(a uuid, b uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS $$
    SELECT EXISTS (
        SELECT FROM twin.user_block t
        WHERE (t.blocker_id, t.blocked_id) = (a, b) OR (t.blocker_id, t.blocked_id) = (b, a)
    )
$$;

CREATE FUNCTION twin.remove_follows(a uuid, b uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    DELETE FROM twin.user_follow f
    WHERE (f.follower_id, f.following_id) = (a, b) OR (f.follower_id, f.following_id) = (b, a)
$$;

--
-- Who may, and who is refused
--

CREATE FUNCTION twin.may_insert(target regclass) RETURNS boolean LANGUAGE sql AS $$
    SELECT has_table_privilege(target, 'INSERT')
$$;

CREATE FUNCTION twin.may_insert_for(target regclass, person uuid) RETURNS boolean LANGUAGE sql AS $$
    SELECT twin.may_insert(target)
        AND (NOT row_security_active(target) OR coalesce(person = twin.caller_id(), false))
$$;

CREATE FUNCTION twin.require_two_users(a uuid, b uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF a IS NULL OR b IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    IF a = b THEN
        RAISE invalid_parameter_value;
    END IF;
END
$$;

-- The first argument of a call that has none; what is wrong with the other is told first.
CREATE FUNCTION twin.signed_in(argument anyelement) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    IF argument IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    IF twin.caller_id() IS NULL THEN
        RAISE SQLSTATE 'PT401';
    END IF;
    RETURN twin.caller_id();
END
$$;

CREATE FUNCTION twin.checked_list(people uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
BEGIN
    IF people IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    IF array_ndims(people) > 1 THEN
        RAISE array_subscript_error;
    END IF;
    RETURN people;
END
$$;

CREATE FUNCTION twin.checked_targets(targets uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
BEGIN
    IF array_position(twin.checked_list(targets), NULL) IS NOT NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    RETURN targets;
END
$$;

--
-- Operations
--

CREATE TYPE twin.follow_result AS (status text, follower_id uuid, following_id uuid, created_at timestamptz);
CREATE TYPE twin.unfollow_result AS (status text, follower_id uuid, following_id uuid);
CREATE TYPE twin.block_result AS (status text, blocker_id uuid, blocked_id uuid);
CREATE TYPE twin.follow_users_result AS (following_id uuid, status text);

CREATE FUNCTION twin.follow_user(follower uuid, following uuid) RETURNS twin.follow_result LANGUAGE plpgsql AS $$
DECLARE
    answer twin.follow_result := ROW('already_following', follower, following, NULL);
BEGIN
    PERFORM twin.require_two_users(follower, following);
    IF NOT twin.may_insert_for('twin.user_follow', follower) THEN
        RAISE insufficient_privilege;
    END IF;
    IF twin.is_blocked(follower, following) THEN
        RAISE SQLSTATE 'PT403';
    END IF;
    IF NOT twin.user_exists(follower) OR NOT twin.user_exists(following) THEN
        RAISE SQLSTATE 'PT404';
    END IF;
    IF NOT twin.follow_exists(follower, following) THEN
        INSERT INTO twin.user_follow (follower_id, following_id) VALUES (follower, following);
        answer.status := 'following';
    END IF;
    answer.created_at := twin.followed_at(follower, following);
    RETURN answer;
END
$$;

CREATE FUNCTION twin.follow_user(following uuid) RETURNS twin.follow_result LANGUAGE sql AS $$
    SELECT twin.follow_user(twin.signed_in(following), following)
$$;

CREATE FUNCTION twin.unfollow_user(follower uuid, following uuid) RETURNS twin.unfollow_result LANGUAGE plpgsql AS $$
BEGIN
    PERFORM twin.require_two_users(follower, following);
    DELETE FROM twin.user_follow f WHERE f.follower_id = follower AND f.following_id = following;
    RETURN ROW(CASE WHEN FOUND THEN 'unfollowed' ELSE 'not_following' END, follower, following);
END
$$;

CREATE FUNCTION twin.unfollow_user(following uuid) RETURNS twin.unfollow_result LANGUAGE sql AS $$
    SELECT twin.unfollow_user(twin.signed_in(following), following)
$$;

CREATE FUNCTION twin.remove_follower(person uuid, follower uuid) RETURNS twin.unfollow_result LANGUAGE sql AS $$
    SELECT twin.unfollow_user(follower, person)
$$;

CREATE FUNCTION twin.remove_follower(follower uuid) RETURNS twin.unfollow_result LANGUAGE sql AS $$
    SELECT twin.remove_follower(twin.signed_in(follower), follower)
$$;

CREATE FUNCTION twin.block_user(blocker uuid, blocked uuid) RETURNS twin.block_result LANGUAGE plpgsql AS $$
DECLARE
    answer twin.block_result := ROW('blocked', blocker, blocked);
BEGIN
    PERFORM twin.require_two_users(blocker, blocked);
    IF NOT twin.may_insert_for('twin.user_block', blocker) THEN
        RAISE insufficient_privilege;
    END IF;
    IF NOT twin.user_exists(blocker) OR NOT twin.user_exists(blocked) THEN
        RAISE SQLSTATE 'PT404';
    END IF;
    INSERT INTO twin.user_block (blocker_id, blocked_id) VALUES (blocker, blocked) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        answer.status := 'already_blocked';
    END IF;
    PERFORM twin.remove_follows(blocker, blocked);
    RETURN answer;
END
$$;

CREATE FUNCTION twin.block_user(blocked uuid) RETURNS twin.block_result LANGUAGE sql AS $$
    SELECT twin.block_user(twin.signed_in(blocked), blocked)
$$;

CREATE FUNCTION twin.unblock_user(blocker uuid, blocked uuid) RETURNS twin.block_result LANGUAGE plpgsql AS $$
BEGIN
    PERFORM twin.require_two_users(blocker, blocked);
    DELETE FROM twin.user_block b WHERE b.blocker_id = blocker AND b.blocked_id = blocked;
    RETURN ROW(CASE WHEN FOUND THEN 'unblocked' ELSE 'not_blocked' END, blocker, blocked);
END
$$;

CREATE FUNCTION twin.unblock_user(blocked uuid) RETURNS twin.block_result LANGUAGE sql AS $$
    SELECT twin.unblock_user(twin.signed_in(blocked), blocked)
$$;

CREATE FUNCTION twin.follow_users(follower uuid, targets uuid[]) RETURNS SETOF twin.follow_users_result
LANGUAGE plpgsql AS $$
DECLARE
    target uuid;
    status text;
BEGIN
    IF follower IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    PERFORM twin.checked_targets(targets);

    -- Rights and policies have their say about every target before anything is told of one.
    IF NOT twin.may_insert('twin.user_follow') THEN
        RAISE insufficient_privilege;
    END IF;
    FOREACH target IN ARRAY targets LOOP
        IF target <> follower AND NOT twin.may_insert_for('twin.user_follow', follower) THEN
            RAISE insufficient_privilege;
        END IF;
    END LOOP;

    FOR target IN
        SELECT t.id FROM unnest(targets) WITH ORDINALITY t (id, place) GROUP BY t.id ORDER BY min(t.place)
    LOOP
        status := CASE
            WHEN target = follower THEN 'self'
            WHEN twin.is_blocked(follower, target) THEN 'blocked'
            WHEN twin.follow_exists(follower, target) THEN 'already_following'
            WHEN NOT twin.user_exists(target) THEN 'not_found'
            ELSE 'following'
        END;
        IF status = 'following' THEN
            IF NOT twin.user_exists(follower) THEN
                RAISE SQLSTATE 'PT404';
            END IF;
            INSERT INTO twin.user_follow (follower_id, following_id) VALUES (follower, target);
        END IF;
        RETURN NEXT ROW(target, status)::twin.follow_users_result;
    END LOOP;
END
$$;

CREATE FUNCTION twin.follow_users(targets uuid[]) RETURNS SETOF twin.follow_users_result LANGUAGE sql AS $$
    SELECT * FROM twin.follow_users(twin.signed_in(twin.checked_targets(targets)), targets)
$$;

--
-- Reads
--

CREATE TYPE twin.relationship AS (user_id uuid, following boolean, followed_by boolean, blocking boolean);
CREATE TYPE twin.follow_list_entry AS (user_id uuid, created_at timestamptz);
CREATE TYPE twin.mutual_follower AS (user_id uuid);
CREATE TYPE twin.follow_counts_result AS (followers bigint, following bigint);

CREATE FUNCTION twin.is_following(follower uuid, following uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF follower IS NULL OR following IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    RETURN EXISTS (SELECT FROM twin.user_follow f WHERE f.follower_id = follower AND f.following_id = following);
END
$$;

CREATE FUNCTION twin.is_following(following uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT twin.is_following(twin.signed_in(following), following)
$$;

CREATE FUNCTION twin.relationships(viewer uuid, people uuid[]) RETURNS SETOF twin.relationship
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF viewer IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    PERFORM twin.checked_list(people);
    RETURN QUERY
        SELECT
            p.id,
            EXISTS (SELECT FROM twin.user_follow f WHERE f.follower_id = viewer AND f.following_id = p.id),
            EXISTS (SELECT FROM twin.user_follow f WHERE f.follower_id = p.id AND f.following_id = viewer),
            EXISTS (SELECT FROM twin.user_block b WHERE b.blocker_id = viewer AND b.blocked_id = p.id)
        FROM unnest(people) WITH ORDINALITY p (id, place)
        ORDER BY p.place;
END
$$;

CREATE FUNCTION twin.relationships(people uuid[]) RETURNS SETOF twin.relationship LANGUAGE sql STABLE AS $$
    SELECT * FROM twin.relationships(twin.signed_in(twin.checked_list(people)), people)
$$;

CREATE FUNCTION twin.require_page(page_size integer, after_time timestamptz, after_id uuid) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF page_size IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    IF page_size NOT BETWEEN 1 AND 10000 OR (after_time IS NOT NULL AND after_id IS NULL) THEN
        RAISE invalid_parameter_value;
    END IF;
END
$$;

-- Whether a row of a list comes after the cursor: newest first, then the greater id first; rows without a time last.
CREATE FUNCTION twin.comes_after(row_time timestamptz, row_id uuid, after_time timestamptz, after_id uuid)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN after_id IS NULL THEN true
        WHEN row_time IS NOT DISTINCT FROM after_time THEN row_id < after_id
        ELSE coalesce(row_time, '-infinity') < coalesce(after_time, '-infinity')
    END
$$;

CREATE FUNCTION twin.followers_of(
    person uuid,
    page_size integer DEFAULT 50,
    after_time timestamptz DEFAULT NULL,
    after_id uuid DEFAULT NULL
) RETURNS SETOF twin.follow_list_entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF person IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    PERFORM twin.require_page(page_size, after_time, after_id);
    RETURN QUERY
        SELECT f.follower_id, f.created_at FROM twin.user_follow f
        WHERE f.following_id = person AND twin.comes_after(f.created_at, f.follower_id, after_time, after_id)
        ORDER BY f.created_at DESC NULLS LAST, f.follower_id DESC
        LIMIT page_size;
END
$$;

CREATE FUNCTION twin.following_of(
    person uuid,
    page_size integer DEFAULT 50,
    after_time timestamptz DEFAULT NULL,
    after_id uuid DEFAULT NULL
) RETURNS SETOF twin.follow_list_entry LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF person IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    PERFORM twin.require_page(page_size, after_time, after_id);
    RETURN QUERY
        SELECT f.following_id, f.created_at FROM twin.user_follow f
        WHERE f.follower_id = person AND twin.comes_after(f.created_at, f.following_id, after_time, after_id)
        ORDER BY f.created_at DESC NULLS LAST, f.following_id DESC
        LIMIT page_size;
END
$$;

CREATE FUNCTION twin.mutual_followers(
    viewer uuid,
    person uuid,
    page_size integer DEFAULT 50,
    after_id uuid DEFAULT NULL
) RETURNS SETOF twin.mutual_follower LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF viewer IS NULL OR person IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    PERFORM twin.require_page(page_size, NULL, after_id);
    RETURN QUERY
        SELECT f.following_id FROM twin.user_follow f
        WHERE f.follower_id = viewer
            AND EXISTS (
                SELECT FROM twin.user_follow g WHERE g.follower_id = f.following_id AND g.following_id = person
            )
            AND (after_id IS NULL OR f.following_id > after_id)
        ORDER BY f.following_id
        LIMIT page_size;
END
$$;

CREATE FUNCTION twin.follow_counts(person uuid) RETURNS twin.follow_counts_result
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF person IS NULL THEN
        RAISE null_value_not_allowed;
    END IF;
    RETURN ROW(
        (SELECT count(*) FROM twin.user_follow f WHERE f.following_id = person),
        (SELECT count(*) FROM twin.user_follow f WHERE f.follower_id = person)
    );
END
$$;

--
-- Guards
--

CREATE FUNCTION twin.guard_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.follower_id = NEW.following_id THEN
        RAISE invalid_parameter_value;
    END IF;
    IF twin.is_blocked(NEW.follower_id, NEW.following_id) THEN
        RAISE SQLSTATE 'PT403';
    END IF;
    RETURN NULL;
END
$$;

-- It fires before the foreign keys' triggers, which are named RI_...: a block is told of before a missing user.
CREATE TRIGGER "0_guard" AFTER INSERT OR UPDATE ON twin.user_follow
FOR EACH ROW EXECUTE FUNCTION twin.guard_follow();

CREATE FUNCTION twin.guard_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.blocker_id = NEW.blocked_id THEN
        RAISE invalid_parameter_value;
    END IF;
    PERFORM twin.remove_follows(NEW.blocker_id, NEW.blocked_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER guard AFTER INSERT OR UPDATE ON twin.user_block
FOR EACH ROW EXECUTE FUNCTION twin.guard_block();

--
-- Rights: the same as on the graph. follow_counts is for those who are told.
--

ALTER TABLE twin.users OWNER TO oracle_owner;
ALTER TABLE twin.user_follow OWNER TO oracle_owner;
ALTER TABLE twin.user_block OWNER TO oracle_owner;
GRANT USAGE ON SCHEMA twin TO oracle_owner, oracle_service, oracle_user, oracle_writer, oracle_anon;
GRANT SELECT, INSERT, DELETE ON twin.user_follow, twin.user_block TO oracle_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON twin.user_follow, twin.user_block TO oracle_service;
GRANT INSERT ON twin.user_follow, twin.user_block TO oracle_writer;
REVOKE EXECUTE ON FUNCTION twin.follow_counts(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION twin.follow_counts(uuid) TO oracle_owner, oracle_service;
