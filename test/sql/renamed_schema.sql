-- The owner of a schema renames it at the worst moment and puts something else under the old name. Nothing of theirs runs
-- as the owner of a table, or as a superuser who calls.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_follow_attacker;
CREATE SCHEMA ext AUTHORIZATION regress_follow_attacker;
CREATE SCHEMA victim AUTHORIZATION regress_follow_attacker;
CREATE SCHEMA own AUTHORIZATION regress_follow_attacker;
CREATE SCHEMA loot AUTHORIZATION regress_follow_attacker;
CREATE EXTENSION follow_ext SCHEMA ext;
GRANT EXECUTE ON FUNCTION ext.follow_attach_graph TO regress_follow_attacker;
SELECT current_database() AS database \gset
GRANT CREATE ON DATABASE :"database" TO regress_follow_attacker;
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''

-- A superuser's table in a schema of the attacker's, referenced by the attacker's follow table
CREATE TABLE victim.users (id uuid PRIMARY KEY);
INSERT INTO victim.users VALUES (:a), (:b), (:c);
GRANT REFERENCES ON victim.users TO regress_follow_attacker;
SET ROLE regress_follow_attacker;
CREATE TABLE own.user_follow (
    follower_id uuid,
    following_id uuid REFERENCES victim.users DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (follower_id, following_id)
);
CREATE TABLE own.user_block (blocker_id uuid, blocked_id uuid, PRIMARY KEY (blocker_id, blocked_id));
SELECT ext.follow_attach_graph('own.user_follow', 'own.user_block');
CREATE TABLE loot.log (who name);
CREATE FUNCTION loot.evil() RETURNS uuid LANGUAGE plpgsql AS
    'BEGIN INSERT INTO loot.log VALUES (current_user); RETURN ''00000000-0000-0000-0000-00000000000c''; END';
GRANT USAGE ON SCHEMA loot TO PUBLIC;
GRANT ALL ON loot.log TO PUBLIC;
CREATE FUNCTION loot.rename_victim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.following_id = '00000000-0000-0000-0000-00000000000c' THEN
        ALTER SCHEMA victim RENAME TO old_victim;
        CREATE SCHEMA victim;
        GRANT USAGE ON SCHEMA victim TO PUBLIC;
        CREATE VIEW victim.users AS SELECT loot.evil() AS id;
        GRANT ALL ON victim.users TO PUBLIC;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER rename_victim BEFORE INSERT ON own.user_follow FOR EACH ROW EXECUTE FUNCTION loot.rename_victim();
SELECT status FROM ext.follow_user(:a, :b);
SELECT status FROM ext.follow_user(:a, :c);
SELECT who FROM loot.log WHERE who <> 'regress_follow_attacker';
DROP TRIGGER rename_victim ON own.user_follow;

-- The schema of the graph itself, whose tables belong to somebody else: the read-back of the row
RESET ROLE;
SELECT ext.follow_detach_graph();
TRUNCATE own.user_follow;
ALTER TABLE own.user_follow DROP CONSTRAINT user_follow_following_id_fkey;
CREATE FUNCTION loot.rename_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.following_id = '00000000-0000-0000-0000-00000000000c' THEN
        ALTER SCHEMA own RENAME TO old_own;
        CREATE SCHEMA own;
        GRANT USAGE ON SCHEMA own TO PUBLIC;
        CREATE VIEW own.user_follow AS
            SELECT loot.evil() AS follower_id, '00000000-0000-0000-0000-00000000000c'::uuid AS following_id;
        GRANT ALL ON own.user_follow TO PUBLIC;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER rename_own BEFORE INSERT ON own.user_follow FOR EACH ROW EXECUTE FUNCTION loot.rename_own();
GRANT INSERT ON own.user_follow TO regress_follow_attacker;
ALTER TABLE own.user_follow OWNER TO CURRENT_USER;
ALTER TABLE own.user_block OWNER TO CURRENT_USER;
SELECT ext.follow_attach_graph('own.user_follow', 'own.user_block');
GRANT INSERT ON own.user_follow TO regress_follow_attacker;
SET ROLE regress_follow_attacker;
SELECT status FROM ext.follow_user(:a, :b);
SELECT status FROM ext.follow_user(:a, :c);
SELECT who FROM loot.log WHERE who <> 'regress_follow_attacker';
SELECT status FROM ext.follow_user(:b, :a);
RESET ROLE;
SELECT count(*) FROM old_own.user_follow;
SELECT ext.follow_detach_graph();

-- The extension's schema: a superuser makes a graph
SET ROLE regress_follow_attacker;
ALTER SCHEMA ext RENAME TO ext2;
CREATE SCHEMA ext;
GRANT USAGE ON SCHEMA ext TO PUBLIC;
CREATE FUNCTION ext.follow_attach_graph(a regclass, b regclass) RETURNS void LANGUAGE sql AS
    'INSERT INTO loot.log VALUES (current_user)';
CREATE FUNCTION ext2.follow_attach_graph(a regclass, b regclass) RETURNS void LANGUAGE sql AS
    'INSERT INTO loot.log VALUES (current_user)';
RESET ROLE;
CREATE SCHEMA mine;
SELECT ext2.follow_create_graph('mine');
SELECT who FROM loot.log WHERE who <> 'regress_follow_attacker';
SELECT status FROM ext2.follow_user(:a, :b);

SELECT ext2.follow_detach_graph();
DROP FUNCTION ext2.follow_attach_graph(regclass, regclass);
DROP EXTENSION follow_ext;
DROP SCHEMA mine, own, old_own, victim, old_victim, loot, ext, ext2 CASCADE;
DROP OWNED BY regress_follow_attacker;
DROP ROLE regress_follow_attacker;
