-- What must be the same on both stores beside the rows of stores.sql: what a repeated follow leaves alone, whose code runs
-- when rows are deleted, and what is refused to whom.
\set SHOW_CONTEXT never
SET client_min_messages = error;
SET datestyle = ISO;
CREATE EXTENSION follow_ext;
SET follow_ext.store = auto;
CREATE EXTENSION amcheck;
CREATE ROLE regress_follow_owner;
CREATE ROLE regress_follow_user;
CREATE SCHEMA app AUTHORIZATION regress_follow_owner;
GRANT USAGE ON SCHEMA app TO regress_follow_user;
GRANT EXECUTE ON FUNCTION follow_attach_graph, follow_detach_graph, bt_index_check(regclass, boolean)
    TO regress_follow_owner;

-- follow_explain is for the owner of the database, and for whom it is granted to
SET ROLE regress_follow_user;
SELECT count(*) FROM follow_explain();
RESET ROLE;
SELECT count(*) FROM follow_explain();
SELECT coalesce(grantee::regrole::text, 'PUBLIC') AS grantee, is_grantable
FROM pg_proc, aclexplode(proacl) WHERE proname = 'follow_explain' AND grantee <> proowner;
GRANT EXECUTE ON FUNCTION follow_explain TO regress_follow_owner, regress_follow_user;

\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/stores/harness.sql'
\set ECHO none
\i :harness
\set ECHO all
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''

CALL make_tables('', true);
SELECT relation, access, rights, store, obstacle FROM follow_explain();
SET follow_ext.store = spi;
SELECT DISTINCT store, obstacle FROM follow_explain();
SET follow_ext.store = none;
SET follow_ext.store = auto;
-- each table is looked at by itself
ALTER TABLE user_block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TRIGGER t BEFORE INSERT ON user_block EXECUTE FUNCTION note();
SET ROLE regress_follow_user;
SELECT relation, access, rights, store, obstacle FROM follow_explain();
RESET ROLE;
SELECT relation, access, rights, store, obstacle FROM follow_explain() WHERE store = 'spi';
DROP TRIGGER t ON user_block;

--
-- A repeated follow: no WAL, no transaction id, no lock of the pair
--
SELECT status FROM follow_user(:a, :b);
VACUUM user_follow, user_block;

-- Others write, too: one attempt without any WAL is enough
CREATE FUNCTION writes_wal(follower uuid, following uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    before pg_lsn;
BEGIN
    FOR attempt IN 1 .. 50 LOOP
        before := pg_current_wal_insert_lsn();
        FOR i IN 1 .. 10 LOOP
            PERFORM follow_user(follower, following);
        END LOOP;
        IF pg_current_wal_insert_lsn() = before THEN
            RETURN false;
        END IF;
        PERFORM pg_sleep(0.1);
    END LOOP;
    RETURN true;
END $$;
CREATE VIEW held AS
    SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS has_xid, count(*) FILTER (WHERE locktype = 'advisory') AS advisory_locks,
        string_agg(DISTINCT mode, ', ') FILTER (WHERE relation IN ('user_follow'::regclass, 'user_block'::regclass)) AS table_locks
    FROM pg_locks WHERE pid = pg_backend_pid();
\set repeat 'BEGIN; SELECT writes_wal(:a, :b); SELECT status FROM follow_user(:a, :b); SELECT * FROM held; COMMIT;'
:repeat
SET follow_ext.store = spi;
:repeat
SET follow_ext.store = auto;
SELECT follow_detach_graph();
DROP VIEW held;
DROP TABLE user_follow, user_block;

\pset format unaligned
\pset tuples_only on

--
-- Deletes: who runs the triggers, with which search_path
--
CREATE FUNCTION note_who() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO harness.noted VALUES (concat_ws(' ', TG_OP, right(OLD.follower_id::text, 1), right(OLD.following_id::text, 1),
        current_user, current_setting('search_path')));
    RETURN NULL;
END $$;
-- As whom a cascade's triggers run, PostgreSQL 18 changed.
CREATE FUNCTION note_where() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO harness.noted VALUES (concat_ws(' ', TG_OP, right(OLD.follower_id::text, 1), right(OLD.following_id::text, 1),
        current_setting('search_path')));
    RETURN NULL;
END $$;
\set deletes 'follow_user(a, b)\nfollow_user(b, a)\nfollow_user(a, c)\nunfollow_user(a, c)\nblock_user(a, b)\nunblock_user(a, b)\nSET CONSTRAINTS ALL IMMEDIATE'
SELECT try($$CREATE TRIGGER t AFTER DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION note_who()$$, :'deletes', who => 'regress_follow_user');
SELECT try($$CREATE TABLE post (follower_id uuid, following_id uuid, note text,
        FOREIGN KEY (follower_id, following_id) REFERENCES user_follow (follower_id, following_id) ON DELETE CASCADE);
    CREATE TRIGGER t AFTER DELETE ON post FOR EACH ROW EXECUTE FUNCTION note_where();
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO post VALUES (NEW.follower_id, NEW.following_id); RETURN NULL; END';
    CREATE TRIGGER t AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION f();
    GRANT INSERT ON post TO regress_follow_user$$, :'deletes' || e'\nSELECT count(*) FROM noted', who => 'regress_follow_user');
SELECT try($$CREATE TABLE post (follower_id uuid, following_id uuid,
        FOREIGN KEY (follower_id, following_id) REFERENCES user_follow (follower_id, following_id))$$, $$
    follow_user(a, b)
    INSERT INTO post SELECT follower_id, following_id FROM user_follow
    unfollow_user(a, b)
    block_user(b, a)$$);
-- a trigger that brings the row back
SELECT try($$CREATE TRIGGER t AFTER DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION follow_again()$$, $$
    follow_user(a, b)
    unfollow_user(a, b)
    block_user(b, a)$$, guards => '{true}');
-- a published table whose rows have no identity
SELECT format('GRANT CREATE ON DATABASE %I TO regress_follow_owner', current_database()) \gexec
SELECT try($$ALTER TABLE user_follow REPLICA IDENTITY NOTHING; CREATE PUBLICATION regress_follow FOR TABLE user_follow$$, $$
    follow_user(a, b)
    follow_user(a, b)
    unfollow_user(a, b)
    unfollow_user(a, c)
    block_user(a, b)
    block_user(c, d)$$);

--
-- Rights
--
SELECT try('', $$
    REVOKE ALL ON user_follow, user_block FROM regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, b)
    SELECT is_following(a, b)
    unfollow_user(a, b)
    block_user(a, b)
    unblock_user(a, b)
    SELECT count(*) FROM follow_users(a, ARRAY[b]::uuid[])
    SELECT count(*) FROM relationships(a, ARRAY[b]::uuid[])
    SELECT count(*) FROM following_of(a)$$);
SELECT try('', $$
    REVOKE ALL ON user_follow, user_block FROM regress_follow_user
    GRANT INSERT (follower_id, following_id) ON user_follow TO regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, b)
    follow_user(a, b)
    SELECT is_following(a, b)
    SELECT string_agg(status::text, ' ') FROM follow_users(a, ARRAY[b, c]::uuid[])
    unfollow_user(a, b)
    SET LOCAL ROLE regress_follow_owner
    GRANT SELECT (follower_id, following_id) ON user_follow TO regress_follow_user
    SET LOCAL ROLE regress_follow_user
    SELECT is_following(a, b)
    SET LOCAL ROLE regress_follow_owner
    REVOKE INSERT (following_id) ON user_follow FROM regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, d)
    SELECT is_following(a, b)$$);
SELECT try('', $$
    SET LOCAL ROLE regress_follow_user
    follow_user(a, b)
    SELECT is_following(a, b)
    SET LOCAL ROLE regress_follow_owner
    REVOKE USAGE ON SCHEMA app FROM regress_follow_user
    SET LOCAL ROLE regress_follow_user
    SELECT is_following(a, b)
    SELECT count(*) FROM relationships(a, ARRAY[b]::uuid[])
    SELECT count(*) FROM following_of(a)
    follow_user(a, b)
    follow_user(a, c)
    unfollow_user(a, b)$$);
-- an owner who has taken rights from itself
SELECT try('', $$
    REVOKE SELECT ON user_follow FROM regress_follow_owner
    SELECT string_agg(DISTINCT obstacle, ' ') FROM follow_explain() WHERE rights = 'owner' AND relation::text = 'user_follow'
    SET LOCAL ROLE regress_follow_user
    follow_user(a, b)
    SET LOCAL ROLE regress_follow_owner
    GRANT SELECT ON user_follow TO regress_follow_owner
    SELECT count(*) FROM user_follow$$);
-- a membership that is gone
SELECT try('', $$
    REVOKE ALL ON user_follow FROM regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, b)
    RESET ROLE
    GRANT regress_follow_owner TO regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, b)
    RESET ROLE
    REVOKE regress_follow_owner FROM regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, c)$$);

DROP SCHEMA app, harness CASCADE;
DROP EXTENSION follow_ext;
DROP EXTENSION amcheck;
DROP OWNED BY regress_follow_owner, regress_follow_user;
DROP ROLE regress_follow_owner, regress_follow_user;
