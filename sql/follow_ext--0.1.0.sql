\echo Use "CREATE EXTENSION follow_ext" to load this file. \quit

-- Every object is created with its schema's name, and nothing is looked up outside pg_catalog: whoever may create objects
-- in the extension's schema decides nothing here.
SET LOCAL search_path = pg_catalog, pg_temp;

--
-- The catalog: which tables are attached
--

CREATE TABLE @extschema@.follow_graph (
    graph name NOT NULL DEFAULT 'user' PRIMARY KEY CHECK (graph OPERATOR(pg_catalog.=) 'user'),
    follow_table regclass NOT NULL,
    follower_column name NOT NULL,
    follower_number int2 NOT NULL,
    following_column name NOT NULL,
    following_number int2 NOT NULL,
    created_at_column name,
    created_at_number int2,
    block_table regclass NOT NULL,
    blocker_column name NOT NULL,
    blocker_number int2 NOT NULL,
    blocked_column name NOT NULL,
    blocked_number int2 NOT NULL
);
COMMENT ON TABLE @extschema@.follow_graph IS
'Which tables hold the follow graph. Written by follow_attach_graph and follow_detach_graph, and by a restore; a column''s name decides, its number helps over a rename.';

SELECT pg_extension_config_dump('@extschema@.follow_graph', $$
    WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = follow_table)
      AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = block_table)
$$);

CREATE FUNCTION @extschema@.follow_graph_changed() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'follow_ext_on_catalog_change';
COMMENT ON FUNCTION @extschema@.follow_graph_changed() IS
'Trigger of follow_graph: only the owner of both tables may name them (42501), and every session learns of the change.';

CREATE TRIGGER follow_graph_changed BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.follow_graph
FOR EACH ROW EXECUTE FUNCTION @extschema@.follow_graph_changed();

--
-- Results
--

CREATE TYPE @extschema@.follow_status AS ENUM ('following', 'already_following');
COMMENT ON TYPE @extschema@.follow_status IS
'What follow_user answers: the edge is new, or it was there.';

CREATE TYPE @extschema@.follow_result AS (
    status @extschema@.follow_status,
    follower_id uuid,
    following_id uuid,
    created_at timestamptz
);
COMMENT ON TYPE @extschema@.follow_result IS
'The answer of follow_user. created_at is the row''s own, also for an edge that was there; NULL where the table has no such column.';

--
-- Operations
--

CREATE FUNCTION @extschema@.follow_user(follower_id uuid, following_id uuid) RETURNS @extschema@.follow_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_follow_user';
COMMENT ON FUNCTION @extschema@.follow_user(uuid, uuid) IS
'Makes follower_id follow following_id, once. Needs what INSERT on the follow table needs.
Result: status following (new) or already_following, both users, and the row''s created_at.
Errors: 22004 NULL; 22023 the same user twice; 25006 read-only transaction; 42501 rights or policies; PT403 one has blocked the other; PT404 no such user; 40001 at SERIALIZABLE; 55000 no usable graph; 09000 a trigger or rule kept the row away.
Locks: ROW EXCLUSIVE on the follow table, ACCESS SHARE on the block table; unless the edge was there, an advisory lock of the pair until the transaction ends.';

CREATE FUNCTION @extschema@.follow_user(following_id uuid) RETURNS @extschema@.follow_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_follow_user_as_caller';
COMMENT ON FUNCTION @extschema@.follow_user(uuid) IS
'Makes the signed-in caller (follow_caller_id) follow following_id, once.
Result, errors and locks: as follow_user(follower_id, following_id); and PT401 where nobody is signed in.';

CREATE FUNCTION @extschema@.follow_caller_id() RETURNS uuid
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_caller_id';
COMMENT ON FUNCTION @extschema@.follow_caller_id() IS
'Who is signed in: the claim sub in request.jwt.claims (or request.jwt.claim.sub), as PostgREST sets it.
Result: NULL where nobody is, where sub is no uuid, and where the claims are no JSON. Errors: none. Locks: none.';

--
-- Administration
--

CREATE FUNCTION @extschema@.follow_attach_graph(
    follow_table regclass,
    block_table regclass,
    follower_column name DEFAULT 'follower_id',
    following_column name DEFAULT 'following_id',
    blocker_column name DEFAULT 'blocker_id',
    blocked_column name DEFAULT 'blocked_id',
    created_at_column name DEFAULT 'created_at'
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_attach_graph';
COMMENT ON FUNCTION @extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name) IS
'Adopts two tables as the follow graph and changes nothing in them. Each needs two uuid columns and a unique index on exactly these two. Attaching the same tables again refreshes the catalog. For the owner of both tables.
Warns of what should be mended, each with the statement to run.
Errors: 42501 not the owner; 42809 not a table; 42P17 no usable unique index, temporary, partition, inheritance, two owners; 42703, 42804 columns; 55000 another graph is attached.
Locks: SHARE ROW EXCLUSIVE on both tables.';

CREATE FUNCTION @extschema@.follow_detach_graph() RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_detach_graph';
COMMENT ON FUNCTION @extschema@.follow_detach_graph() IS
'Forgets the graph. Tables, rows, indexes and policies stay as they are. For the owner of both tables.
Errors: 42501 not the owner. Locks: SHARE ROW EXCLUSIVE on both tables.';

CREATE FUNCTION @extschema@.follow_create_graph(
    schema_name name DEFAULT pg_catalog.current_schema(),
    users_table regclass DEFAULT NULL,
    lists_visible_to text DEFAULT 'involved',
    roles name[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- Spelled out instead of follow_caller_id(), so that DROP EXTENSION takes no policy along; in a sub-select, so that
    -- it is evaluated once for a statement, not once for a row.
    caller CONSTANT text := $$(SELECT CASE WHEN c.sub ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN c.sub::uuid END FROM (SELECT nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub') AS c (sub))$$;
    follow_table text;
    block_table text;
    users_key name;
    extension_schema name;
    users_reference text := '';
    visible_to text;
    grantee text;
    member text;
BEGIN
    IF schema_name IS NULL THEN
        RAISE invalid_schema_name USING
            MESSAGE = 'no schema has been selected to create the tables in',
            HINT = 'Name one: SELECT follow_create_graph(schema_name => ''public'');';
    END IF;
    IF lists_visible_to IS NULL OR lists_visible_to NOT IN ('involved', 'everyone') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'lists_visible_to must be ''involved'' or ''everyone''',
            HINT = '''involved'' shows a follow to its two users, ''everyone'' to everybody who is signed in.';
    END IF;
    IF roles IS NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = 'roles must not be null',
            HINT = 'Name the roles that may follow and block, or pass an empty array and grant later.';
    END IF;
    follow_table := format('%I.user_follow', schema_name);
    block_table := format('%I.user_block', schema_name);
    visible_to := CASE lists_visible_to
        WHEN 'involved' THEN format('%s IN (follower_id, following_id)', caller)
        ELSE format('%s IS NOT NULL', caller)
    END;

    IF users_table IS NOT NULL THEN
        SELECT a.attname INTO users_key
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = users_table AND i.indisprimary AND i.indnkeyatts = 1 AND a.atttypid = 'uuid'::regtype;
        IF NOT FOUND THEN
            RAISE datatype_mismatch USING
                MESSAGE = format('table %s has no primary key of one uuid column', users_table),
                HINT = 'Pass the table that your users'' ids are the primary key of, or NULL for no foreign key.';
        END IF;
        IF NOT has_column_privilege(users_table, users_key, 'REFERENCES') THEN
            RAISE insufficient_privilege USING
                MESSAGE = format('permission denied to reference table %s', users_table),
                HINT = format('Its owner can run: GRANT REFERENCES (%I) ON %s TO %I;', users_key, users_table, current_user);
        END IF;
        users_reference := format(' REFERENCES %s (%I) ON DELETE CASCADE', users_table, users_key);
    END IF;

    EXECUTE format('CREATE TABLE %s (
            follower_id uuid NOT NULL%s,
            following_id uuid NOT NULL%s,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (follower_id, following_id),
            CHECK (follower_id <> following_id)
        )', follow_table, users_reference, users_reference);
    EXECUTE format('CREATE INDEX ON %s (follower_id, created_at, following_id)', follow_table);
    EXECUTE format('CREATE INDEX ON %s (following_id, created_at, follower_id)', follow_table);
    EXECUTE format('CREATE TABLE %s (
            blocker_id uuid NOT NULL%s,
            blocked_id uuid NOT NULL%s,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (blocker_id, blocked_id),
            CHECK (blocker_id <> blocked_id)
        )', block_table, users_reference, users_reference);
    EXECUTE format('CREATE INDEX ON %s (blocked_id)', block_table);

    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', follow_table);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', block_table);
    EXECUTE format('CREATE POLICY see_follows ON %s FOR SELECT USING (%s)', follow_table, visible_to);
    EXECUTE format('CREATE POLICY follow ON %s FOR INSERT WITH CHECK (follower_id = %s)', follow_table, caller);
    EXECUTE format('CREATE POLICY end_follow ON %s FOR DELETE USING (%s IN (follower_id, following_id))', follow_table, caller);
    EXECUTE format('CREATE POLICY see_own_blocks ON %s FOR SELECT USING (blocker_id = %s)', block_table, caller);
    EXECUTE format('CREATE POLICY block ON %s FOR INSERT WITH CHECK (blocker_id = %s)', block_table, caller);
    EXECUTE format('CREATE POLICY unblock ON %s FOR DELETE USING (blocker_id = %s)', block_table, caller);

    -- Platforms grant on new tables by default privileges, to roles by name.
    FOREACH member IN ARRAY ARRAY[follow_table, block_table] LOOP
        FOR grantee IN
            SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
            FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = member::regclass AND a.grantee <> c.relowner
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %s', member, grantee);
        END LOOP;
        FOREACH grantee IN ARRAY roles LOOP
            EXECUTE format('GRANT SELECT, INSERT, DELETE ON %s TO %I', member, grantee);
        END LOOP;
    END LOOP;

    -- The extension's schema may have been renamed, and its owner may have put a function of the same name there: all
    -- arguments are passed, so that only the extension's own fits exactly.
    SELECT n.nspname INTO STRICT extension_schema
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'follow_ext';
    EXECUTE format('SELECT %I.follow_attach_graph($1, $2, $3, $4, $5, $6, $7)', extension_schema)
    USING follow_table::regclass, block_table::regclass, 'follower_id'::name, 'following_id'::name,
        'blocker_id'::name, 'blocked_id'::name, 'created_at'::name;
END
$function$;
COMMENT ON FUNCTION @extschema@.follow_create_graph(name, regclass, text, name[]) IS
'Makes the tables user_follow and user_block in a schema and attaches them: row security on, policies on the claim sub, indexes for lists, SELECT, INSERT and DELETE for the roles named and nothing for anybody else.
users_table: where users live, referenced with ON DELETE CASCADE; NULL for no foreign key. lists_visible_to: involved or everyone (who is signed in).
Errors: 42501 may not create in the schema, or not reference users_table; 42804 users_table has no uuid primary key; 42P07 a table of that name exists; 3F000 no schema; 22023, 22004 arguments; those of follow_attach_graph.
Locks: those of CREATE TABLE, and SHARE ROW EXCLUSIVE on users_table.';

--
-- Privileges. Default privileges, which name roles, have been applied already: revoke what they gave, from everybody who
-- got it.
--

DO $do$
DECLARE
    object record;
BEGIN
    FOR object IN
        SELECT DISTINCT
            'TABLE @extschema@.follow_graph' AS what,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = '@extschema@.follow_graph'::regclass AND a.grantee <> c.relowner
        UNION ALL
        SELECT DISTINCT
            format('FUNCTION %s', p.oid::regprocedure),
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE p.oid IN (
                '@extschema@.follow_graph_changed()'::regprocedure,
                '@extschema@.follow_create_graph(name, regclass, text, name[])'::regprocedure,
                '@extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name)'::regprocedure,
                '@extschema@.follow_detach_graph()'::regprocedure
            )
            AND a.grantee <> p.proowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', object.what, object.grantee);
    END LOOP;
END
$do$;

-- SELECT for the dump of a database by its owner, INSERT for the restore: the trigger lets only tables of theirs in.
GRANT SELECT, INSERT ON @extschema@.follow_graph TO pg_database_owner;
GRANT EXECUTE ON FUNCTION @extschema@.follow_create_graph(name, regclass, text, name[]) TO pg_database_owner;
GRANT EXECUTE ON FUNCTION @extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name) TO pg_database_owner;
GRANT EXECUTE ON FUNCTION @extschema@.follow_detach_graph() TO pg_database_owner;
