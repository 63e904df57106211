\echo Use "ALTER EXTENSION follow_ext UPDATE TO '0.3.0'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

CREATE FUNCTION @extschema@.follow_explain(
    OUT relation regclass,
    OUT access text,
    OUT rights text,
    OUT store text,
    OUT obstacle text
) RETURNS SETOF record
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'follow_ext_explain';
COMMENT ON FUNCTION @extschema@.follow_explain() IS
'How the extension reaches the tables of the graph, for the role that asks. For both tables, and for read, insert and delete with the rights of the caller or of the tables'' owner: the store, direct (without statements) or spi (with statements), and what stands in the way of direct. The answers of all functions are the same with either.
Errors: 55000 no usable graph. Locks: ACCESS SHARE on both tables.';

COMMENT ON FUNCTION @extschema@.is_following(uuid, uuid) IS
'Whether follower_id follows following_id, as far as the caller may see it.
Errors: 22004 NULL; 42501 no SELECT; 55000 no usable graph. Locks: ACCESS SHARE on the follow table.';

COMMENT ON FUNCTION @extschema@.unfollow_user(uuid, uuid) IS
'Ends that follower_id follows following_id. Needs what DELETE on the follow table needs: DELETE, SELECT on the pair, the policies.
Result: status unfollowed or not_following, and both users.
Errors: 22004 NULL; 22023 the same user twice; 25006 read-only transaction; 42501 rights; 40001 at SERIALIZABLE; 55000 no usable graph.
Locks: ROW EXCLUSIVE on the follow table; an advisory lock of the pair until the transaction ends.';

-- Default privileges, which name roles, have been applied already. What it tells is for developers.
DO $do$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE p.oid = '@extschema@.follow_explain()'::regprocedure AND a.grantee <> p.proowner
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION @extschema@.follow_explain() FROM %s', grantee);
    END LOOP;
END
$do$;
GRANT EXECUTE ON FUNCTION @extschema@.follow_explain() TO pg_database_owner WITH GRANT OPTION;
