\echo Use "ALTER EXTENSION follow_ext UPDATE TO '0.2.0'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

--
-- Results
--

CREATE TYPE @extschema@.unfollow_status AS ENUM ('unfollowed', 'not_following');
COMMENT ON TYPE @extschema@.unfollow_status IS
'What unfollow_user and remove_follower answer: the edge is gone, or there was none (that the caller may end).';

CREATE TYPE @extschema@.unfollow_result AS (
    status @extschema@.unfollow_status,
    follower_id uuid,
    following_id uuid
);
COMMENT ON TYPE @extschema@.unfollow_result IS
'The answer of unfollow_user and remove_follower.';

CREATE TYPE @extschema@.block_status AS ENUM ('blocked', 'already_blocked');
COMMENT ON TYPE @extschema@.block_status IS
'What block_user answers: the block is new, or it was there. Either way no follow between the two is left.';

CREATE TYPE @extschema@.block_result AS (
    status @extschema@.block_status,
    blocker_id uuid,
    blocked_id uuid
);
COMMENT ON TYPE @extschema@.block_result IS
'The answer of block_user.';

CREATE TYPE @extschema@.unblock_status AS ENUM ('unblocked', 'not_blocked');
COMMENT ON TYPE @extschema@.unblock_status IS
'What unblock_user answers: the block is gone, or there was none (that the caller may end).';

CREATE TYPE @extschema@.unblock_result AS (
    status @extschema@.unblock_status,
    blocker_id uuid,
    blocked_id uuid
);
COMMENT ON TYPE @extschema@.unblock_result IS
'The answer of unblock_user.';

CREATE TYPE @extschema@.follow_users_status AS ENUM ('following', 'already_following', 'blocked', 'not_found', 'self');
COMMENT ON TYPE @extschema@.follow_users_status IS
'What follow_users answers for a target: the edge is new; it was there; one of the two has blocked the other; there is no such user; the target is the follower.';

CREATE TYPE @extschema@.follow_users_result AS (
    following_id uuid,
    status @extschema@.follow_users_status
);
COMMENT ON TYPE @extschema@.follow_users_result IS
'A row of the answer of follow_users.';

CREATE TYPE @extschema@.relationship AS (
    user_id uuid,
    following boolean,
    followed_by boolean,
    blocking boolean
);
COMMENT ON TYPE @extschema@.relationship IS
'A row of the answer of relationships: what the viewer is to user_id. Whether user_id blocks the viewer is not told.';

CREATE TYPE @extschema@.follow_list_entry AS (
    user_id uuid,
    created_at timestamptz
);
COMMENT ON TYPE @extschema@.follow_list_entry IS
'A row of followers_of and following_of; its two values are the cursor for the next page.';

CREATE TYPE @extschema@.mutual_follower AS (
    user_id uuid
);
COMMENT ON TYPE @extschema@.mutual_follower IS
'A row of mutual_followers; its value is the cursor for the next page.';

CREATE TYPE @extschema@.follow_counts_result AS (
    followers bigint,
    following bigint
);
COMMENT ON TYPE @extschema@.follow_counts_result IS
'The answer of follow_counts.';

--
-- Operations
--

CREATE FUNCTION @extschema@.unfollow_user(follower_id uuid, following_id uuid) RETURNS @extschema@.unfollow_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_unfollow_user';
COMMENT ON FUNCTION @extschema@.unfollow_user(uuid, uuid) IS
'Ends that follower_id follows following_id. Needs what DELETE on the follow table needs: DELETE, SELECT on the pair, the policies.
Result: status unfollowed or not_following, and both users.
Errors: 22004 NULL; 22023 the same user twice; 25006 read-only transaction; 42501 rights; 40001 at SERIALIZABLE; 55000 no usable graph.
Locks: ROW EXCLUSIVE on the follow table, ACCESS SHARE on the block table; an advisory lock of the pair until the transaction ends.';

CREATE FUNCTION @extschema@.unfollow_user(following_id uuid) RETURNS @extschema@.unfollow_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_unfollow_user_as_caller';
COMMENT ON FUNCTION @extschema@.unfollow_user(uuid) IS
'Ends that the signed-in caller (follow_caller_id) follows following_id.
Result, errors and locks: as unfollow_user(follower_id, following_id); and PT401 where nobody is signed in.';

CREATE FUNCTION @extschema@.remove_follower(user_id uuid, follower_id uuid) RETURNS @extschema@.unfollow_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_remove_follower';
COMMENT ON FUNCTION @extschema@.remove_follower(uuid, uuid) IS
'Ends that follower_id follows user_id, by the side that is followed and without a block. Under row security it takes a DELETE policy for that side.
Result, errors and locks: as unfollow_user(follower_id, user_id).';

CREATE FUNCTION @extschema@.remove_follower(follower_id uuid) RETURNS @extschema@.unfollow_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_remove_follower_as_caller';
COMMENT ON FUNCTION @extschema@.remove_follower(uuid) IS
'Ends that follower_id follows the signed-in caller (follow_caller_id).
Result, errors and locks: as remove_follower(user_id, follower_id); and PT401 where nobody is signed in.';

CREATE FUNCTION @extschema@.block_user(blocker_id uuid, blocked_id uuid) RETURNS @extschema@.block_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_block_user';
COMMENT ON FUNCTION @extschema@.block_user(uuid, uuid) IS
'Makes blocker_id block blocked_id and removes both follows between them, in one step. Needs what INSERT on the block table needs; the follows are removed with the rights of the tables'' owner.
Result: status blocked (new) or already_blocked, and both users.
Errors: 22004 NULL; 22023 the same user twice; 25006 read-only transaction; 42501 rights or policies; PT404 no such user; 40001 at SERIALIZABLE; 55000 no usable graph; 55P03 more than 32 pairs in a transaction while others write follows; 09000 a trigger or rule kept the row away.
Locks: ROW EXCLUSIVE on both tables; an advisory lock of the pair, and one of the graph that excludes bulk follows, until the transaction ends.';

CREATE FUNCTION @extschema@.block_user(blocked_id uuid) RETURNS @extschema@.block_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_block_user_as_caller';
COMMENT ON FUNCTION @extschema@.block_user(uuid) IS
'Makes the signed-in caller (follow_caller_id) block blocked_id.
Result, errors and locks: as block_user(blocker_id, blocked_id); and PT401 where nobody is signed in.';

CREATE FUNCTION @extschema@.unblock_user(blocker_id uuid, blocked_id uuid) RETURNS @extschema@.unblock_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_unblock_user';
COMMENT ON FUNCTION @extschema@.unblock_user(uuid, uuid) IS
'Ends that blocker_id blocks blocked_id, and restores no follow. Needs what DELETE on the block table needs: DELETE, SELECT on the pair, the policies.
Result: status unblocked or not_blocked, and both users.
Errors: 22004 NULL; 22023 the same user twice; 25006 read-only transaction; 42501 rights; 40001 at SERIALIZABLE; 55000 no usable graph.
Locks: ROW EXCLUSIVE on the block table, ACCESS SHARE on the follow table; an advisory lock of the pair until the transaction ends.';

CREATE FUNCTION @extschema@.unblock_user(blocked_id uuid) RETURNS @extschema@.unblock_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_unblock_user_as_caller';
COMMENT ON FUNCTION @extschema@.unblock_user(uuid) IS
'Ends that the signed-in caller (follow_caller_id) blocks blocked_id.
Result, errors and locks: as unblock_user(blocker_id, blocked_id); and PT401 where nobody is signed in.';

CREATE FUNCTION @extschema@.follow_users(follower_id uuid, following_ids uuid[]) RETURNS SETOF @extschema@.follow_users_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_follow_users';
COMMENT ON FUNCTION @extschema@.follow_users(uuid, uuid[]) IS
'Makes follower_id follow many users, in one step. Needs what INSERT on the follow table needs.
Result: a row for each distinct target, in the order of first appearance, with status following, already_following, blocked, not_found or self.
Errors: 22004 an argument or an element is NULL; 2202E an array of more than one dimension; 25006 read-only transaction; 42501 rights or policies; PT404 there is no follower_id; 40001 at SERIALIZABLE; 55000 no usable graph; 09000 a trigger or rule kept a row away.
Locks: ROW EXCLUSIVE on the follow table, ACCESS SHARE on the block table; the advisory lock of each pair, or past 32 pairs one of the graph that excludes blocks, until the transaction ends; FOR KEY SHARE on the users that are followed.';

CREATE FUNCTION @extschema@.follow_users(following_ids uuid[]) RETURNS SETOF @extschema@.follow_users_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_follow_users_as_caller';
COMMENT ON FUNCTION @extschema@.follow_users(uuid[]) IS
'Makes the signed-in caller (follow_caller_id) follow many users, in one step.
Result, errors and locks: as follow_users(follower_id, following_ids); and PT401 where nobody is signed in.';

--
-- Reads. Each shows what the caller's rights and policies show, but follow_counts, which its EXECUTE privilege guards.
--

CREATE FUNCTION @extschema@.is_following(follower_id uuid, following_id uuid) RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_is_following';
COMMENT ON FUNCTION @extschema@.is_following(uuid, uuid) IS
'Whether follower_id follows following_id, as far as the caller may see it.
Errors: 22004 NULL; 42501 no SELECT; 55000 no usable graph. Locks: ACCESS SHARE on both tables.';

CREATE FUNCTION @extschema@.is_following(following_id uuid) RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_is_following_as_caller';
COMMENT ON FUNCTION @extschema@.is_following(uuid) IS
'Whether the signed-in caller (follow_caller_id) follows following_id.
Errors and locks: as is_following(follower_id, following_id); and PT401 where nobody is signed in.';

CREATE FUNCTION @extschema@.relationships(viewer_id uuid, user_ids uuid[]) RETURNS SETOF @extschema@.relationship
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_relationships';
COMMENT ON FUNCTION @extschema@.relationships(uuid, uuid[]) IS
'What viewer_id is to each of many users, as far as the caller may see it: whether viewer_id follows, is followed by and blocks them; never whether they block viewer_id.
Result: a row for each element, in the order given, repeated elements too; a NULL element has a NULL user_id and is nobody''s follower.
Errors: 22004 NULL; 2202E an array of more than one dimension; 42501 no SELECT on one of the tables; 55000 no usable graph. Locks: ACCESS SHARE on both tables.';

CREATE FUNCTION @extschema@.relationships(user_ids uuid[]) RETURNS SETOF @extschema@.relationship
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_relationships_as_caller';
COMMENT ON FUNCTION @extschema@.relationships(uuid[]) IS
'What the signed-in caller (follow_caller_id) is to each of many users.
Result, errors and locks: as relationships(viewer_id, user_ids); and PT401 where nobody is signed in.';

CREATE FUNCTION @extschema@.followers_of(
    user_id uuid,
    page_size integer DEFAULT 50,
    after_created_at timestamptz DEFAULT NULL,
    after_user_id uuid DEFAULT NULL
) RETURNS SETOF @extschema@.follow_list_entry
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_followers_of';
COMMENT ON FUNCTION @extschema@.followers_of(uuid, integer, timestamptz, uuid) IS
'A page of those who follow user_id, newest first, as far as the caller may see them. For the next page pass the last row''s created_at and user_id: rows that come and go meanwhile neither repeat nor hide another.
Result: up to page_size rows; rows without a time last, by user_id.
Errors: 22004 user_id or page_size is NULL; 22023 page_size is not between 1 and 10000, or after_created_at comes without after_user_id; 42501 no SELECT; 55000 no usable graph. Locks: ACCESS SHARE on both tables.';

CREATE FUNCTION @extschema@.following_of(
    user_id uuid,
    page_size integer DEFAULT 50,
    after_created_at timestamptz DEFAULT NULL,
    after_user_id uuid DEFAULT NULL
) RETURNS SETOF @extschema@.follow_list_entry
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_following_of';
COMMENT ON FUNCTION @extschema@.following_of(uuid, integer, timestamptz, uuid) IS
'A page of those whom user_id follows, newest first, as far as the caller may see them.
Result, errors and locks: as followers_of.';

CREATE FUNCTION @extschema@.mutual_followers(
    viewer_id uuid,
    user_id uuid,
    page_size integer DEFAULT 50,
    after_user_id uuid DEFAULT NULL
) RETURNS SETOF @extschema@.mutual_follower
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_mutual_followers';
COMMENT ON FUNCTION @extschema@.mutual_followers(uuid, uuid, integer, uuid) IS
'A page of those whom viewer_id follows and who follow user_id, in the order of their ids, as far as the caller may see both follows. For the next page pass the last row''s user_id.
Errors: 22004 viewer_id, user_id or page_size is NULL; 22023 page_size is not between 1 and 10000; 42501 no SELECT; 55000 no usable graph. Locks: ACCESS SHARE on both tables.';

CREATE FUNCTION @extschema@.follow_counts(user_id uuid) RETURNS @extschema@.follow_counts_result
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_follow_counts';
COMMENT ON FUNCTION @extschema@.follow_counts(uuid) IS
'How many follow user_id and how many user_id follows: all of them, whatever the caller may see, for whoever has EXECUTE on this function.
Errors: 22004 NULL; 55000 no usable graph. Locks: ACCESS SHARE on both tables.';

--
-- Guards
--

CREATE FUNCTION @extschema@.follow_guard() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'follow_ext_guard';
COMMENT ON FUNCTION @extschema@.follow_guard() IS
'Trigger on both tables, put there by follow_attach_graph, FOR EACH ROW on INSERT and UPDATE. BEFORE takes the pair''s lock and says nothing. AFTER refuses, on the follow table, a self-follow (22023) and a pair of whom one has blocked the other (PT403); on the block table it refuses a self-block (22023) and removes both follows, with the rights of the tables'' owner.
On a table that is not attached it warns and does nothing. Errors besides: 40001 at SERIALIZABLE; 55000; 55P03 more than 32 blocks in a transaction while others write follows; 39P01 not called as such a trigger.
Locks: those of follow_user and block_user.';

--
-- Administration. What somebody has granted on the functions that are replaced is not handed on: it would become part of
-- the extension, and no dump would hold it. A NOTICE would not be shown, since scripts of extensions run at
-- client_min_messages = warning.
--

DO $do$
DECLARE
    grants text;
BEGIN
    SELECT string_agg(format(
            'GRANT EXECUTE ON FUNCTION %s TO %s%s;',
            p.oid::regproc,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        ), ' ' ORDER BY p.proname, a.grantee)
    INTO grants
    FROM pg_proc p, aclexplode(p.proacl) a
    WHERE p.oid IN (
            '@extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name)'::regprocedure,
            '@extschema@.follow_create_graph(name, regclass, text, name[])'::regprocedure,
            '@extschema@.follow_detach_graph()'::regprocedure
        )
        AND a.grantee NOT IN (p.proowner, 'pg_database_owner'::regrole);
    IF grants IS NOT NULL THEN
        RAISE WARNING USING
            MESSAGE = 'privileges on the functions that this release replaces are gone',
            HINT = 'Run: ' || grants;
    END IF;
    IF EXISTS (SELECT FROM @extschema@.follow_graph) THEN
        RAISE WARNING USING
            MESSAGE = 'the guards of this release are not on the attached tables yet',
            HINT = 'Call follow_attach_graph again, with the arguments of the first time: it puts them on.';
    END IF;
END
$do$;

DROP FUNCTION @extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name);
DROP FUNCTION @extschema@.follow_create_graph(name, regclass, text, name[]);
DROP FUNCTION @extschema@.follow_detach_graph();

CREATE FUNCTION @extschema@.follow_attach_graph(
    follow_table regclass,
    block_table regclass,
    follower_column name DEFAULT 'follower_id',
    following_column name DEFAULT 'following_id',
    blocker_column name DEFAULT 'blocker_id',
    blocked_column name DEFAULT 'blocked_id',
    created_at_column name DEFAULT 'created_at',
    guards boolean DEFAULT true,
    remove_blocked_follows boolean DEFAULT false
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_attach_graph';
COMMENT ON FUNCTION @extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name, boolean, boolean) IS
'Adopts two tables as the follow graph. Each needs two uuid columns and a unique index on exactly these two. Attaching the same tables again refreshes the catalog and the guards. For the owner of both tables.
guards: put the trigger follow_guard on both tables, so that plain INSERTs, UPDATEs and COPY keep the rules too; false takes it off. remove_blocked_follows: delete follows between users of whom one has blocked the other; they are only reported otherwise.
Reports what is missing, each with the statement to run.
Errors: 42501 not the owner; 42809 not a table; 42P17 no usable unique index, temporary, partition, inheritance, two owners; 42703, 42804 columns; 22004 NULL; 55000 another graph is attached.
Locks: SHARE ROW EXCLUSIVE on both tables; ACCESS EXCLUSIVE where a guard has to be taken off.';

CREATE FUNCTION @extschema@.follow_create_graph(
    schema_name name DEFAULT pg_catalog.current_schema(),
    users_table regclass DEFAULT NULL,
    lists_visible_to text DEFAULT 'involved',
    roles name[] DEFAULT '{}',
    guards boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
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
    EXECUTE format('SELECT %I.follow_attach_graph($1, $2, $3, $4, $5, $6, $7, $8, $9)', extension_schema)
    USING follow_table::regclass, block_table::regclass, 'follower_id'::name, 'following_id'::name,
        'blocker_id'::name, 'blocked_id'::name, 'created_at'::name, guards, false;
END
$function$;
COMMENT ON FUNCTION @extschema@.follow_create_graph(name, regclass, text, name[], boolean) IS
'Makes the tables user_follow and user_block in a schema and attaches them: row security on, policies on the claim sub, indexes for lists, guards, SELECT, INSERT and DELETE for the roles named and nothing for anybody else.
users_table: where users live, referenced with ON DELETE CASCADE; NULL for no foreign key. lists_visible_to: involved or everyone (who is signed in). guards: as for follow_attach_graph.
Errors: 42501 may not create in the schema, or not reference users_table; 42804 users_table has no uuid primary key; 42P07 a table of that name exists; 3F000 no schema; 22023, 22004 arguments; those of follow_attach_graph.
Locks: those of CREATE TABLE, and SHARE ROW EXCLUSIVE on users_table.';

CREATE FUNCTION @extschema@.follow_detach_graph() RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'follow_ext_detach_graph';
COMMENT ON FUNCTION @extschema@.follow_detach_graph() IS
'Forgets the graph and takes the guards off. Tables, rows, indexes and policies stay as they are. For the owner of both tables.
Errors: 42501 not the owner. Locks: SHARE ROW EXCLUSIVE on both tables; ACCESS EXCLUSIVE where guards are taken off.';

--
-- Privileges. Default privileges, which name roles, have been applied already: revoke what they gave, from everybody who
-- got it.
--

DO $do$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT DISTINCT
            p.oid::regprocedure AS function,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE p.oid IN (
                '@extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name, boolean, boolean)'::regprocedure,
                '@extschema@.follow_create_graph(name, regclass, text, name[], boolean)'::regprocedure,
                '@extschema@.follow_detach_graph()'::regprocedure,
                '@extschema@.follow_counts(uuid)'::regprocedure,
                '@extschema@.follow_guard()'::regprocedure
            )
            AND a.grantee <> p.proowner
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', item.function, item.grantee);
    END LOOP;
END
$do$;

-- The owner of the database may hand administration on, to whom they trust as themselves: whoever attaches tables has
-- their triggers run by all who follow.
GRANT EXECUTE ON FUNCTION @extschema@.follow_attach_graph(regclass, regclass, name, name, name, name, name, boolean, boolean) TO pg_database_owner WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION @extschema@.follow_create_graph(name, regclass, text, name[], boolean) TO pg_database_owner WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION @extschema@.follow_detach_graph() TO pg_database_owner WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION @extschema@.follow_counts(uuid) TO pg_database_owner WITH GRANT OPTION;

-- Who may create a trigger on a table of the graph is its owner's business; on any other table the guard does nothing.
GRANT EXECUTE ON FUNCTION @extschema@.follow_guard() TO PUBLIC;
