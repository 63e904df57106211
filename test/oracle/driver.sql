-- Random histories. Each operation is put to the extension's graph and to its twin, by the same role with the same
-- claims. The answers, all rows in their order or the SQLSTATE, have to be the same, and the tables after each step.
--
-- A history is its configuration, its seed and its number of steps: CALL oracle.play('created', 0.5, 1000) plays the
-- same one again, on a graph that has been set up anew. For other histories than usual, with other counts:
--     ORACLE_SEED=0.7 ORACLE_STEPS=20000 make installcheck REGRESS=oracle ISOLATION= TAP_TESTS=
-- A difference ends a history, and is shown instead of its counts: the step, the operation and both answers.

CREATE ROLE oracle_owner;
CREATE ROLE oracle_service BYPASSRLS;
CREATE ROLE oracle_user;
CREATE ROLE oracle_writer;
CREATE ROLE oracle_anon;

CREATE SCHEMA oracle;
GRANT USAGE ON SCHEMA oracle TO PUBLIC;

-- created_at of both sides: the same in each, with many ties, and not always later.
CREATE FUNCTION oracle.clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT timestamptz '2020-01-01 00:00:00+00' + interval '1 day' * (current_setting('oracle.step')::integer / 7 % 5)
$$;

-- What the two sides call the same thing.
CREATE TABLE oracle.spelling (word text PRIMARY KEY, graph text NOT NULL, twin text NOT NULL);
INSERT INTO oracle.spelling VALUES
    ('{follows}', 'user_follow', 'user_follow'),
    ('{follower}', 'follower_id', 'follower_id'),
    ('{following}', 'following_id', 'following_id'),
    ('{blocks}', 'user_block', 'user_block'),
    ('{blocker}', 'blocker_id', 'blocker_id'),
    ('{blocked}', 'blocked_id', 'blocked_id');

-- What may happen, and how often: a weight of 1 is about one in two hundred. What begins with a small letter is a call.
-- Nothing depends on the order in which a statement meets several rows of a table, which is each side's own.
CREATE TABLE oracle.operation (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    weight integer NOT NULL,
    statement text NOT NULL
);
INSERT INTO oracle.operation (kind, weight, statement) VALUES
    ('follow_user', 20, 'follow_user({first}, {second})'),
    ('follow_user', 8, 'follow_user({second})'),
    ('follow_user', 3, 'unnest({people}) p, follow_user({first}, p)'),
    ('unfollow_user', 7, 'unfollow_user({first}, {second})'),
    ('unfollow_user', 3, 'unfollow_user({second})'),
    ('remove_follower', 5, 'remove_follower({first}, {second})'),
    ('remove_follower', 2, 'remove_follower({second})'),
    ('block_user', 4, 'block_user({first}, {second})'),
    ('block_user', 2, 'block_user({second})'),
    ('unblock_user', 8, 'unblock_user({first}, {second})'),
    ('unblock_user', 4, 'unblock_user({second})'),
    ('follow_users', 10, 'follow_users({first}, {people})'),
    ('follow_users', 4, 'follow_users({people})'),
    ('is_following', 5, 'is_following({first}, {second})'),
    ('is_following', 2, 'is_following({second})'),
    ('is_following', 1, 'SELECT concat_ws('' '', is_following({first}, {second}), follow_user({first}, {second}),
        is_following({first}, {second}))'),
    ('relationships', 6, 'relationships({first}, {people})'),
    ('relationships', 3, 'relationships({people})'),
    ('followers_of', 3, 'followers_of({first}, {page})'),
    ('followers_of', 5, 'followers_of({first}, {page}, {time}, {second})'),
    ('following_of', 3, 'following_of({first}, {page})'),
    ('following_of', 5, 'following_of({first}, {page}, {time}, {second})'),
    ('mutual_followers', 4, 'mutual_followers({first}, {second})'),
    ('mutual_followers', 4, 'mutual_followers({first}, {second}, {page}, {third})'),
    ('follow_counts', 4, 'follow_counts({first})'),

    ('insert', 8, 'INSERT INTO {follows} ({follower}, {following}) VALUES ({first}, {second})'),
    ('insert', 4, 'INSERT INTO {follows} ({follower}, {following}) VALUES ({first}, {second}) ON CONFLICT DO NOTHING'),
    ('insert', 4, 'INSERT INTO {follows} ({follower}, {following}) SELECT {first}, p FROM unnest({people}) p'),
    ('insert', 3, 'INSERT INTO {follows} ({follower}, {following}) SELECT p, {first} FROM unnest({people}) p
        ON CONFLICT DO NOTHING'),
    ('insert', 2, 'INSERT INTO {follows} ({follower}, {following}) VALUES ({first}, {second})
        ON CONFLICT ({follower}, {following}) DO UPDATE SET {following} = {third}'),
    ('insert', 2, 'INSERT INTO {blocks} ({blocker}, {blocked}) VALUES ({first}, {second})'),
    ('insert', 1, 'INSERT INTO {blocks} ({blocker}, {blocked}) VALUES ({first}, {second}) ON CONFLICT DO NOTHING'),
    ('insert', 1, 'INSERT INTO {blocks} ({blocker}, {blocked}) SELECT {first}, p FROM unnest({people}) p'),
    ('insert', 1, 'INSERT INTO {blocks} ({blocker}, {blocked})
        SELECT {first}, f.user_id FROM followers_of({first}, 3) f'),
    ('insert', 1, 'WITH b AS (INSERT INTO {blocks} ({blocker}, {blocked}) VALUES ({first}, {second}))
        INSERT INTO {follows} ({follower}, {following}) VALUES ({second}, {first}), ({third}, {first})'),
    ('insert', 2, 'WITH b AS (DELETE FROM {blocks} WHERE {blocker} = {first})
        INSERT INTO {follows} ({follower}, {following}) SELECT p, {first} FROM unnest({people}) p'),
    ('update', 5, 'UPDATE {follows} SET {following} = {third} WHERE {follower} = {first} AND {following} = {second}'),
    ('update', 3, 'UPDATE {follows} SET {follower} = {third} WHERE {follower} = {first} AND {following} = {second}'),
    ('update', 2, 'UPDATE {follows} SET {follower} = {following}, {following} = {follower}
        WHERE {follower} = {first} AND {following} = {second}'),
    ('update', 2, 'UPDATE {follows} SET {following} = {following} WHERE {follower} = {first}'),
    ('update', 3, 'UPDATE {blocks} SET {blocked} = {third} WHERE {blocker} = {first} AND {blocked} = {second}'),
    ('update', 2, 'UPDATE {blocks} SET {blocker} = {blocked}, {blocked} = {blocker}
        WHERE {blocker} = {first} AND {blocked} = {second}'),
    ('merge', 3, 'MERGE INTO {follows} f USING (SELECT {second} AS p) s
        ON f.{follower} = {first} AND f.{following} = s.p
        WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT ({follower}, {following}) VALUES ({first}, s.p)'),
    ('merge', 1, 'MERGE INTO {blocks} b USING (SELECT {second} AS p) s
        ON b.{blocker} = {first} AND b.{blocked} = s.p
        WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT ({blocker}, {blocked}) VALUES ({first}, s.p)'),
    ('delete', 3, 'DELETE FROM {follows} WHERE {follower} = {first} AND {following} = {second}'),
    ('delete', 1, 'DELETE FROM {follows} WHERE {following} = {first}'),
    ('delete', 2, 'DELETE FROM {blocks} WHERE {blocker} = {first} AND {blocked} = {second}'),
    ('delete', 8, 'DELETE FROM {blocks} WHERE {blocker} = {first}'),

    ('users', 8, 'INSERT INTO users VALUES ({member}) ON CONFLICT DO NOTHING'),
    ('users', 1, 'DELETE FROM users WHERE id = {member}'),
    ('undo', 3, '');

-- How many users there are, which roles act, whether users come and go, and how many steps a transaction has. seed and
-- deck, which has each operation as often as its weight says, are the running history's.
CREATE TABLE oracle.configuration (
    configuration text PRIMARY KEY,
    members integer NOT NULL DEFAULT 6,
    roles name[] NOT NULL DEFAULT '{oracle_owner,oracle_service}',
    row_security boolean NOT NULL DEFAULT false,
    foreign_keys boolean NOT NULL DEFAULT true,
    transaction_length integer NOT NULL DEFAULT 25,
    seed double precision,
    deck integer[]
);

CREATE TYPE oracle.act AS (operation oracle.operation, role name, claims text, statement text);
CREATE TYPE oracle.answer AS (answer text, message text);

CREATE FUNCTION oracle.person(number integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT format('00000000-0000-0000-0000-%s', lpad(to_hex(9 + number), 12, '0'))::uuid
$$;

CREATE FUNCTION oracle.draw(chance double precision) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN random() < chance;
END
$$;

CREATE FUNCTION oracle.draw(items anyarray) RETURNS anyelement LANGUAGE plpgsql AS $$
BEGIN
    RETURN items[1 + floor(random() * cardinality(items))];
END
$$;

CREATE FUNCTION oracle.draw_member(c oracle.configuration) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    RETURN oracle.person(1 + floor(random() * c.members)::integer);
END
$$;

-- A member, who may have been deleted; at times somebody who never was one, or NULL.
CREATE FUNCTION oracle.draw_person(c oracle.configuration) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE
        WHEN oracle.draw(0.015) THEN NULL
        WHEN oracle.draw(0.02) THEN oracle.person(c.members + 1)
        ELSE oracle.draw_member(c)
    END;
END
$$;

CREATE FUNCTION oracle.draw_people(c oracle.configuration) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    people uuid[] := '{}';
BEGIN
    IF oracle.draw(0.01) THEN
        RETURN 'NULL::uuid[]';
    END IF;
    IF oracle.draw(0.02) THEN
        RETURN format('ARRAY[[%L, %L]]::uuid[]', oracle.draw_member(c), oracle.draw_member(c));
    END IF;
    -- Nobody at all is a list of its own: the caller's rights are asked before who is there.
    IF oracle.draw(0.08) THEN
        RETURN format('ARRAY[%L]::uuid[]', oracle.person(c.members + 1));
    END IF;
    WHILE oracle.draw(0.7) LOOP
        people := people || oracle.draw_person(c);
    END LOOP;
    RETURN format('%L::uuid[]', people);
END
$$;

CREATE FUNCTION oracle.draw_claims(person uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE
        WHEN oracle.draw(0.03) THEN ''
        WHEN oracle.draw(0.01) THEN '{"role": "anon"}'
        WHEN oracle.draw(0.01) THEN '{"sub": "somebody"}'
        ELSE json_build_object('sub', person)::text
    END;
END
$$;

-- A function is called in FROM or in the SELECT list.
CREATE FUNCTION oracle.draw_call(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF call LIKE 'unnest%' THEN
        RETURN format('SELECT string_agg(to_json(r)::text, '' '') FROM %s r', call);
    END IF;
    IF oracle.draw(0.5) THEN
        RETURN format('SELECT string_agg(to_json(r)::text, '' '') FROM (SELECT %s AS r) s', call);
    END IF;
    RETURN format('SELECT string_agg(to_json(r)::text, '' '' ORDER BY ordinality) FROM %s WITH ORDINALITY r', call);
END
$$;

CREATE FUNCTION oracle.draw_act(c oracle.configuration) RETURNS oracle.act LANGUAGE plpgsql AS $$
DECLARE
    act oracle.act;
    drawn integer := oracle.draw(c.deck);
    me uuid := oracle.draw_member(c);
    first uuid := CASE WHEN c.row_security AND oracle.draw(0.8) THEN me ELSE oracle.draw_person(c) END;
    second uuid := oracle.draw_person(c);
    third uuid := oracle.draw_person(c);
    partners uuid[];
    statement text;
BEGIN
    SELECT o INTO act.operation FROM oracle.operation o WHERE o.id = drawn;
    statement := (act.operation).statement;
    -- Most who are the same by chance are not meant to be.
    IF second = first AND oracle.draw(0.8) THEN
        second := oracle.draw_person(c);
    END IF;
    -- What ends something should find it at times.
    partners := ARRAY(
        SELECT CASE first WHEN e.a THEN e.b ELSE e.a END AS partner
        FROM oracle.twin_edge e
        WHERE first IN (e.a, e.b) AND e.kind = CASE WHEN statement LIKE '%block%' THEN 'block' ELSE 'follow' END
        ORDER BY partner
    );
    IF oracle.draw(0.3) AND partners <> '{}' THEN
        second := oracle.draw(partners);
    END IF;
    act.role := CASE WHEN (act.operation).kind = 'users' THEN 'none' ELSE oracle.draw(c.roles) END;
    act.claims := oracle.draw_claims(me);

    statement := replace(statement, '{first}', format('%L::uuid', first));
    statement := replace(statement, '{second}', format('%L::uuid', second));
    statement := replace(statement, '{third}', format('%L::uuid', third));
    statement := replace(statement, '{member}', format('%L', me));
    IF statement LIKE '%{people}%' THEN
        statement := replace(statement, '{people}', oracle.draw_people(c));
    END IF;
    IF statement LIKE '%{page}%' THEN
        statement := replace(statement, '{page}', oracle.draw('{1,1,2,2,3,4,50,50,0,10001,NULL}'::text[]));
    END IF;
    IF statement LIKE '%{time}%' THEN
        statement := replace(statement, '{time}', CASE
            WHEN oracle.draw(0.2) THEN 'NULL'
            ELSE format('timestamptz ''2020-01-0%s 00:00:00+00''', 1 + floor(random() * 5))
        END);
    END IF;
    IF statement ~ '^[a-z]' THEN
        statement := oracle.draw_call(statement);
    END IF;
    act.statement := statement;
    RETURN act;
END
$$;

CREATE FUNCTION oracle.spell(statement text, side text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s oracle.spelling;
BEGIN
    FOR s IN SELECT * FROM oracle.spelling LOOP
        statement := replace(statement, s.word, CASE side WHEN 'graph' THEN s.graph ELSE s.twin END);
    END LOOP;
    RETURN statement;
END
$$;

-- One side's answer: rows, a number of rows written, or an SQLSTATE. What is set here ends with the function.
CREATE FUNCTION oracle.ask(side text, role name, claims text, statement text) RETURNS oracle.answer
LANGUAGE plpgsql
SET role = 'none'
SET search_path = pg_catalog
SET request.jwt.claims = ''
AS $$
DECLARE
    answer text;
    written bigint;
BEGIN
    statement := oracle.spell(statement, side);
    PERFORM set_config('request.jwt.claims', claims, true),
        set_config('search_path', CASE side WHEN 'graph' THEN 'graph, follow' ELSE 'twin' END, true),
        set_config('role', role, true);
    IF statement LIKE 'SELECT%' THEN
        EXECUTE statement INTO answer;
    ELSE
        EXECUTE statement;
        GET DIAGNOSTICS written = ROW_COUNT;
        answer := written;
    END IF;
    RETURN ROW(answer, ''::text);
EXCEPTION WHEN OTHERS THEN
    RETURN ROW(SQLSTATE, SQLERRM);
END
$$;

-- What is in one side's tables and not in the other's, and pairs that are both blocked and following.
CREATE FUNCTION oracle.look_at_tables() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE oracle.spell($view$
        CREATE VIEW oracle.graph_edge AS
        SELECT 'follow' AS kind, {follower} AS a, {following} AS b FROM graph.{follows}
        UNION ALL
        SELECT 'block', {blocker}, {blocked} FROM graph.{blocks}
        $view$, 'graph');
    CREATE OR REPLACE VIEW oracle.twin_edge AS
    SELECT 'follow' AS kind, follower_id AS a, following_id AS b FROM twin.user_follow
    UNION ALL
    SELECT 'block', blocker_id, blocked_id FROM twin.user_block;
    CREATE VIEW oracle.difference AS
    (SELECT 'extension' AS side, e.* FROM (TABLE oracle.graph_edge EXCEPT ALL TABLE oracle.twin_edge) e)
    UNION ALL
    (SELECT 'twin', e.* FROM (TABLE oracle.twin_edge EXCEPT ALL TABLE oracle.graph_edge) e)
    UNION ALL
    SELECT 'both blocked and following', f.* FROM oracle.graph_edge f
    WHERE f.kind = 'follow'
        AND EXISTS (
            SELECT FROM oracle.graph_edge b
            WHERE b.kind = 'block' AND ((b.a, b.b) = (f.a, f.b) OR (b.a, b.b) = (f.b, f.a))
        );
END
$$;

-- What an answer counts as: its statuses, its SQLSTATE, or whether there was anything.
CREATE FUNCTION oracle.outcomes(answer text) RETURNS text[] LANGUAGE sql AS $$
    SELECT CASE
        WHEN answer ~ '^[0-9A-Z]{5}$' THEN ARRAY[answer]
        WHEN answer LIKE '%"status"%' THEN ARRAY(SELECT (regexp_matches(answer, '"status":"(\w+)"', 'g'))[1])
        WHEN answer IS NULL OR answer IN ('0', 'false') THEN ARRAY['nothing']
        ELSE ARRAY['something']
    END
$$;

CREATE FUNCTION oracle.play_step(c oracle.configuration, step integer) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    act oracle.act;
    graph oracle.answer;
    twin oracle.answer;
    different text;
BEGIN
    act := oracle.draw_act(c);
    IF (act.operation).kind = 'undo' THEN
        RETURN ARRAY['undo'] || oracle.play_and_undo(c, step);
    END IF;

    PERFORM set_config('oracle.step', step::text, true);
    graph := oracle.ask('graph', act.role, act.claims, act.statement);
    twin := oracle.ask('twin', act.role, act.claims, act.statement);
    SELECT string_agg(format('%s: %s %s %s', d.side, d.a, d.kind, d.b), E'\n') INTO different FROM oracle.difference d;
    IF graph.answer IS DISTINCT FROM twin.answer OR different IS NOT NULL THEN
        RAISE SQLSTATE 'DIFFS' USING MESSAGE = concat_ws(E'\n',
            format('%s, seed %s, step %s differs, as %s %s', c.configuration, c.seed, step, act.role, act.claims),
            oracle.spell(act.statement, 'graph'),
            format('extension: %s %s', coalesce(graph.answer, 'no rows'), graph.message),
            format('twin: %s %s', coalesce(twin.answer, 'no rows'), twin.message),
            'tables: ' || different
        );
    END IF;
    RETURN ARRAY[(act.operation).kind] || oracle.outcomes(twin.answer);
END
$$;

-- A savepoint: some steps, and back. What they answered is known still.
CREATE FUNCTION oracle.play_and_undo(c oracle.configuration, step integer) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    seen text[] := '{}';
BEGIN
    WHILE oracle.draw(0.75) LOOP
        seen := seen || oracle.play_step(c, step);
    END LOOP;
    RAISE SQLSTATE 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
    RETURN seen;
END
$$;

CREATE FUNCTION oracle.count_words(seen text[], are_kinds boolean) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(s.word || ' ' || s.times, ', ' ORDER BY s.word COLLATE "C")
    FROM (SELECT w.word, count(*) AS times FROM unnest(seen) w (word) GROUP BY w.word) s
    WHERE are_kinds = EXISTS (SELECT FROM oracle.operation o WHERE o.kind = s.word)
$$;

CREATE PROCEDURE oracle.play(configuration text, seed double precision, steps integer, INOUT summary text DEFAULT NULL)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    c oracle.configuration;
    seen text[] := '{}';
BEGIN
    SELECT * INTO STRICT c FROM oracle.configuration t WHERE t.configuration = configuration;
    c.seed := seed;
    c.deck := ARRAY(
        SELECT o.id FROM oracle.operation o, generate_series(1, o.weight)
        WHERE c.foreign_keys OR o.kind <> 'users'
        ORDER BY o.id
    );
    PERFORM oracle.look_at_tables();
    -- Without foreign keys there is nobody whom the extension does not know.
    FOR member IN 1..c.members + CASE WHEN c.foreign_keys THEN 0 ELSE 1 END LOOP
        INSERT INTO twin.users VALUES (oracle.person(member));
    END LOOP;
    INSERT INTO graph.users TABLE twin.users;
    COMMIT;

    PERFORM setseed(seed);
    FOR step IN 1..steps LOOP
        BEGIN
            seen := seen || oracle.play_step(c, step);
        EXCEPTION WHEN SQLSTATE 'DIFFS' THEN
            summary := SQLERRM;
            EXIT;
        END;
        IF step % c.transaction_length = 0 THEN
            IF oracle.draw(0.1) THEN
                ROLLBACK;
            ELSE
                COMMIT;
            END IF;
        END IF;
    END LOOP;

    DROP VIEW oracle.difference, oracle.graph_edge;
    DELETE FROM twin.users;
    DELETE FROM graph.users;
    summary := coalesce(summary, format('%s, %s steps: %s; answers: %s', configuration, steps,
        oracle.count_words(seen, true), oracle.count_words(seen, false)));
END
$$;
