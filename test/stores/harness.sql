-- Tries a kind of table on both stores. For a superuser; the test has made the roles and the schema app.
CREATE SCHEMA harness AUTHORIZATION regress_follow_owner;
GRANT USAGE ON SCHEMA harness TO regress_follow_user;
SET ROLE regress_follow_owner;
SET search_path = harness, app, public;
CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users SELECT ('00000000-0000-0000-0000-00000000000' || name)::uuid FROM unnest('{a,b,c,d,e}'::text[]) name;
CREATE TABLE noted (note text);
GRANT ALL ON noted TO regress_follow_user;

-- What definitions use
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE numbers;
CREATE FUNCTION in_sql(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION called_in_sql(int) RETURNS int LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS 'SELECT $1'; -- never put in place
CREATE FUNCTION in_plpgsql() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN nextval(''numbers''); END';
CREATE FUNCTION immutable_in_plpgsql(uuid) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN right($1::text, 1); END';
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''FE001''; END';
CREATE FUNCTION backdate() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN UPDATE user_follow SET created_at = ''2020-02-02 UTC'' WHERE following_id = NEW.following_id; RETURN NULL; END';
CREATE FUNCTION follow_back() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM follow_user(NEW.following_id, NEW.follower_id); RETURN NULL; END';
CREATE FUNCTION block_back() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM block_user(NEW.following_id, NEW.follower_id); RETURN NULL; END';
CREATE FUNCTION follow_again() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM public.follow_user(OLD.follower_id, OLD.following_id); RETURN NULL; END';

-- Notes who fires for what, and how many rows of the pair it sees
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pair record;
BEGIN
    IF TG_LEVEL = 'STATEMENT' THEN
        INSERT INTO harness.noted VALUES (concat_ws(' ', TG_NAME, TG_WHEN, TG_OP, TG_LEVEL, current_user));
        RETURN NULL;
    END IF;
    pair := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    INSERT INTO harness.noted SELECT concat_ws(' ', TG_NAME, TG_WHEN, TG_OP, TG_LEVEL, pair, count(*), current_user)
    FROM app.user_follow WHERE (follower_id, following_id) = (pair.follower_id, pair.following_id);
    RETURN pair;
END $$;

-- Points in time and uuids that differ from run to run, and the users' names
CREATE FUNCTION readable(line text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(replace(line, now()::text, 'now'),
        '0{8}-0{4}-0{4}-0{4}-0{11}', '', 'g'),
        '[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}', 'uuid', 'g'),
        '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]+[-+][0-9]{2}', 'time', 'g');
$$;

-- What a call answers: a function's row, a query's value, nothing, or an error. a to f stand for users.
CREATE FUNCTION answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    statement text := regexp_replace(call, '([(,[] ?)([a-f])\M', '\1''00000000-0000-0000-0000-00000000000\2''', 'g');
    result text;
    detail text;
    constraint_name text;
BEGIN
    IF call ~ '^(un)?(follow|block)_user\(' THEN
        statement := 'SELECT f FROM ' || statement || ' f';
    END IF;
    IF statement ~ '^SELECT' THEN
        EXECUTE statement INTO result;
    ELSE
        EXECUTE statement;
    END IF;
    RETURN readable(result);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, constraint_name = CONSTRAINT_NAME;
    RETURN readable(concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(constraint_name, '')));
END $$;

-- A default that does something the first time that it is called
CREATE FUNCTION meanwhile(call text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM noted) THEN
        INSERT INTO noted VALUES (call);
        INSERT INTO noted VALUES (answer(call));
    END IF;
    RETURN 7;
END $$;

-- The tables as they are before a definition changes them
CREATE PROCEDURE make_tables(definition text, guards boolean) LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE regress_follow_owner;
    CREATE TABLE user_follow (follower_id uuid, following_id uuid, created_at timestamptz DEFAULT now(),
        UNIQUE (follower_id, following_id));
    CREATE TABLE user_block (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
    TRUNCATE noted;
    PERFORM setval('numbers', 1);
    EXECUTE definition;
    GRANT SELECT, INSERT, DELETE ON user_follow, user_block TO regress_follow_user;
    PERFORM follow_attach_graph('user_follow', 'user_block', guards => guards);
END $$;

-- The rows of the follow table, and what triggers and defaults noted; its indexes hold them all
CREATE FUNCTION rows_left() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    lines text[];
BEGIN
    SET LOCAL ROLE regress_follow_owner;
    SET CONSTRAINTS ALL IMMEDIATE;
    EXECUTE 'SELECT array_agg(readable(line) ORDER BY line) FROM (SELECT f::text AS line FROM user_follow f UNION ALL SELECT note FROM noted) l'
        INTO lines;
    PERFORM bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = 'user_follow'::regclass AND c.relkind = 'i' AND c.relam = 403;
    RETURN lines;
END $$;

-- The ways to the follow table that need statements, and why
CREATE FUNCTION obstacles() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(line, '; '), 'direct')
    FROM (
        SELECT CASE count(*) WHEN 5 THEN '' ELSE string_agg(access, ', ') || ': ' END || obstacle AS line
        FROM follow_explain() WITH ORDINALITY
        WHERE relation::text = 'user_follow' AND store = 'spi'
        GROUP BY obstacle
        ORDER BY min(ordinality)
    ) l;
$$;

-- What is answered, and what is left
CREATE TYPE outcome AS (store text, answers text[], rows text[]);
CREATE FUNCTION run(definition text, store text, guards boolean, calls text[], who name) RETURNS outcome LANGUAGE plpgsql AS $$
DECLARE
    result outcome;
    call text;
BEGIN
    CALL make_tables(definition, guards);
    PERFORM set_config('role', who, true), set_config('follow_ext.store', store, true);
    result.store := obstacles();
    FOREACH call IN ARRAY calls LOOP
        result.answers := result.answers || answer(call);
    END LOOP;
    result.rows := rows_left();
    RAISE SQLSTATE 'FE000';
EXCEPTION WHEN SQLSTATE 'FE000' THEN
    RETURN result; -- and nothing else is left
END $$;

-- The rows that plain statements leave, of the usual calls
CREATE FUNCTION rows_of_plain_inserts(definition text, who name) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    lines text[];
    pair text;
BEGIN
    CALL make_tables(definition, true);
    PERFORM set_config('role', who, true);
    FOREACH pair IN ARRAY '{"a, b", "a, c", "a, d", "-a, c", "-a, d", "b, a", "b, c", "b, d"}'::text[] LOOP
        PERFORM answer(CASE WHEN pair ~ '-' THEN format('DELETE FROM user_follow WHERE (follower_id, following_id) = (%s)', ltrim(pair, '-'))
            ELSE format('INSERT INTO user_follow (follower_id, following_id) VALUES (%s)', pair) END);
    END LOOP;
    lines := rows_left();
    RAISE SQLSTATE 'FE000';
EXCEPTION WHEN SQLSTATE 'FE000' THEN
    RETURN lines;
END $$;

-- Tries a kind of table. The usual calls and their answers are not told unless something is unusual.
CREATE FUNCTION try(definition text, calls text DEFAULT NULL, who name DEFAULT 'regress_follow_owner', guards boolean[] DEFAULT '{true,false}')
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    usual text := '
        follow_user(a, b)
        follow_user(a, b)
        follow_user(a, c)
        follow_user(a, d)
        SELECT is_following(a, d)
        unfollow_user(a, c)
        unfollow_user(a, c)
        block_user(d, a)
        follow_user(a, d)
        follow_user(b, a)
        SELECT string_agg(status::text, '' '') FROM follow_users(b, ARRAY[a, c, d, b]::uuid[])';
    lines text[] := regexp_split_to_array(regexp_replace(coalesce(calls, usual), '^\s+', ''), '\n\s*');
    usual_answers text := 'following already_following following following true unfollowed not_following blocked PT403  following '
        'already_following following following self';
    outcome outcome;
    other outcome;
    plain text[];
    guarded boolean;
    store text;
    i int;
BEGIN
    FOREACH guarded IN ARRAY guards LOOP
        FOREACH store IN ARRAY '{auto,spi}'::text[] LOOP
            other := run(definition, store, guarded, lines, who);
            IF outcome IS NULL THEN
                outcome := other;
            ELSIF other.answers <> outcome.answers OR other.rows IS DISTINCT FROM outcome.rows THEN
                RETURN NEXT format('DIFFERENT on %s, guards %s: %s %s', store, guarded, other.answers, other.rows);
            END IF;
        END LOOP;
    END LOOP;
    RETURN NEXT outcome.store;
    IF calls IS NULL THEN
        plain := rows_of_plain_inserts(definition, who);
        IF array_to_string(ARRAY(SELECT coalesce(substring(a, '^\((\w+)'), substring(a, '^PT403 '), a) FROM unnest(outcome.answers) a), ' ') <> usual_answers THEN
            RETURN NEXT format('UNUSUAL: %s', outcome.answers);
        END IF;
        IF plain IS DISTINCT FROM outcome.rows THEN
            RETURN NEXT format('DIFFERENT with INSERT: %s', plain);
        END IF;
    ELSE
        FOR i IN 1 .. array_length(lines, 1) LOOP
            RETURN NEXT format('    %s => %s', lines[i], outcome.answers[i]);
        END LOOP;
    END IF;
    RETURN QUERY SELECT '    ' || unnest(outcome.rows);
END $$;
RESET ROLE;
SET search_path = app, harness, public;
