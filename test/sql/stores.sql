-- Which tables the direct store serves, and that its answers and rows are those of statements: each kind of table is
-- tried on both stores, with guards and without, and its rows are compared with those that plain INSERTs leave.
\set SHOW_CONTEXT never
SET client_min_messages = error;
SET datestyle = ISO;
CREATE EXTENSION follow_ext;
CREATE EXTENSION amcheck;
CREATE ROLE regress_follow_owner;
CREATE ROLE regress_follow_user;
CREATE SCHEMA app AUTHORIZATION regress_follow_owner;
GRANT USAGE ON SCHEMA app TO regress_follow_user;
SELECT format($$GRANT CREATE ON DATABASE %I TO regress_follow_owner$$, current_database()) \gexec
GRANT EXECUTE ON FUNCTION follow_attach_graph, follow_detach_graph, bt_index_check(regclass, boolean)
    TO regress_follow_owner;
GRANT EXECUTE ON FUNCTION follow_explain TO regress_follow_owner, regress_follow_user;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/stores/harness.sql'
\set ECHO none
\i :harness
\set ECHO all
\pset format unaligned
\pset tuples_only on

--
-- Tables that need statements: what stands in the way of what, and the rows that are left. The usual calls and their
-- answers are told only where they are not the usual ones, or not the same everywhere.
--
SELECT try($$CREATE RULE r AS ON INSERT TO user_follow DO ALSO INSERT INTO noted VALUES ('rule')$$);
SELECT try($$CREATE RULE r AS ON DELETE TO user_block DO ALSO NOTIFY r$$);
SELECT try($$CREATE TRIGGER t BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION note()$$);
SELECT try($$CREATE TRIGGER t BEFORE DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION note()$$);
SELECT try($$CREATE TRIGGER t AFTER INSERT ON user_follow EXECUTE FUNCTION note()$$, $$
    follow_user(a, b)
    follow_user(a, b)
    unfollow_user(a, b)
    SELECT string_agg(status::text, ' ') FROM follow_users(a, ARRAY[b, c, d]::uuid[])$$);
SELECT try($$CREATE TRIGGER t BEFORE DELETE ON user_follow EXECUTE FUNCTION note()$$, $$
    follow_user(a, b)
    follow_user(a, b)
    unfollow_user(a, b)
    SELECT string_agg(status::text, ' ') FROM follow_users(a, ARRAY[b, c, d]::uuid[])$$);
SELECT try($$CREATE TRIGGER t AFTER INSERT ON user_follow REFERENCING NEW TABLE AS rows FOR EACH ROW EXECUTE FUNCTION note()$$);
SELECT try($$CREATE TRIGGER t AFTER DELETE ON user_follow REFERENCING OLD TABLE AS rows FOR EACH ROW EXECUTE FUNCTION note()$$);
SELECT try($$ALTER TABLE user_follow ADD n serial UNIQUE DEFERRABLE$$);
SELECT try($$ALTER TABLE user_follow ADD n serial, ADD EXCLUDE (n WITH =)$$);
SELECT try($$CREATE INDEX ON user_follow USING hash (follower_id)$$);
SELECT try($$CREATE INDEX ON user_follow USING brin (created_at)$$);
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT in_sql(7)$$);
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT 1 + in_sql(7)$$);
SELECT try($$ALTER TABLE user_follow ADD CHECK (in_sql(7) > 0)$$);
SELECT try($$CREATE INDEX ON user_follow (called_in_sql(7))$$);
SELECT try($$CREATE INDEX ON user_follow (created_at) WHERE called_in_sql(7) > 0$$);
SELECT try($$ALTER TABLE user_follow ADD n positive DEFAULT 7$$);
SELECT try($$ALTER TABLE user_follow ADD n positive[] DEFAULT ARRAY[7, in_sql(7)]$$);
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT 7::positive$$);
SELECT try($$ALTER TABLE user_follow ADD n int GENERATED ALWAYS AS (in_sql(7)) STORED$$);
SELECT try($$DROP TABLE user_follow; CREATE TABLE user_follow (LIKE user_block) USING heap2;
    ALTER TABLE user_follow RENAME blocker_id TO follower_id; ALTER TABLE user_follow RENAME blocked_id TO following_id;
    ALTER TABLE user_follow ADD UNIQUE (follower_id, following_id)$$);
SELECT try($$DROP TABLE user_follow; CREATE TABLE user_follow (follower_id uuid, following_id uuid,
    created_at timestamptz DEFAULT now(), UNIQUE (follower_id, following_id)) PARTITION BY HASH (follower_id);
    CREATE TABLE part0 PARTITION OF user_follow FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE part1 PARTITION OF user_follow FOR VALUES WITH (MODULUS 2, REMAINDER 1)$$);
-- row security, for a role to whom it applies, and for the owner, by force too
\set policies 'ALTER TABLE user_follow ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON user_follow USING (follower_id <> following_id);'
SELECT try(:'policies', who => 'regress_follow_user');
SELECT try(:'policies');
SELECT try(:'policies' || 'ALTER TABLE user_follow FORCE ROW LEVEL SECURITY');
-- an extension that keeps rows elsewhere
BEGIN;
INSERT INTO pg_extension VALUES (1, 'citus', 10, 'app'::regnamespace, false, '1');
SELECT try($$$$);
ROLLBACK;
BEGIN;
INSERT INTO pg_extension VALUES (1, 'timescaledb', 10, 'app'::regnamespace, false, '1');
SELECT try($$$$);
ROLLBACK;
-- whoever inherits is no graph
SELECT try($$CREATE TABLE child () INHERITS (user_follow)$$);

--
-- Tables that are served without statements
--
SELECT try($$$$);
-- the order and the history of columns, the index that finds the pair
SELECT try($$DROP TABLE user_follow; CREATE TABLE user_follow (extra text DEFAULT 'x', created_at timestamptz DEFAULT now(),
    following_id uuid, gone int DEFAULT 7, follower_id uuid, UNIQUE (following_id, follower_id));
    ALTER TABLE user_follow DROP gone, ADD late int DEFAULT 7, ADD later text DEFAULT 'y'; ALTER TABLE user_follow ALTER later DROP DEFAULT$$);
SELECT try($$ALTER TABLE user_follow DROP CONSTRAINT user_follow_follower_id_following_id_key;
    CREATE UNIQUE INDEX ON user_follow (following_id DESC, follower_id NULLS FIRST) INCLUDE (created_at)$$);
SELECT try($$INSERT INTO user_follow VALUES (md5('1')::uuid, md5('2')::uuid); ALTER TABLE user_follow ADD late int DEFAULT 7; DELETE FROM user_follow$$);
SELECT try($$ALTER TABLE user_follow DROP created_at$$);
SELECT try($$ALTER TABLE user_follow DROP created_at, ADD created_at date DEFAULT '2020-02-02'$$);
SELECT try($$ALTER TABLE user_follow DROP created_at, ADD created_at timestamp DEFAULT '2020-02-02'$$);
SELECT try($$ALTER TABLE user_follow ALTER created_at DROP DEFAULT$$);
SELECT try($$ALTER TABLE user_follow SET UNLOGGED$$);
-- defaults: evaluated for each row
SELECT try($$ALTER TABLE user_follow ADD id uuid PRIMARY KEY DEFAULT gen_random_uuid()$$);
SELECT try($$ALTER TABLE user_follow ADD n serial$$);
SELECT try($$ALTER TABLE user_follow ADD at timestamptz DEFAULT clock_timestamp()$$);
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT in_plpgsql()$$);
SELECT try($$ALTER TABLE user_follow ADD who name DEFAULT current_user, ADD whose name DEFAULT session_user$$);
SELECT try($$ALTER TABLE user_follow ADD n int GENERATED ALWAYS AS IDENTITY$$);
SELECT try($$ALTER TABLE user_follow ADD n int GENERATED BY DEFAULT AS IDENTITY (START 10 INCREMENT BY -1 MINVALUE -10 MAXVALUE 10)$$);
SELECT try($$ALTER TABLE user_follow ADD pair text GENERATED ALWAYS AS (right(follower_id::text, 1) || right(following_id::text, 1)) STORED UNIQUE$$);
SELECT try($$ALTER TABLE user_follow ADD big text DEFAULT repeat('x', 50000), ALTER big SET STORAGE EXTERNAL$$, $$
    follow_user(a, b)
    follow_user(a, b)
    SELECT (big = repeat('x', 50000)) || ' ' || (pg_column_size(big) > 40000) FROM user_follow
    SELECT pg_relation_size(reltoastrelid) > 40000 FROM pg_class WHERE oid = 'user_follow'::regclass
    ALTER TABLE user_follow DROP big$$);
-- constraints: the same errors, and nothing is stored
\set two 'follow_user(a, b)\nfollow_user(a, b)\nfollow_user(a, c)'
SELECT try($$ALTER TABLE user_follow ADD CHECK (right(following_id::text, 1) <> 'c')$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD n serial CONSTRAINT few CHECK (n < 2)$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD n int NOT NULL$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT NULL, ADD CONSTRAINT none CHECK (n > 1)$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD n int GENERATED ALWAYS AS (1 / nullif(ascii(right(following_id::text, 1)) - 99, 0)) STORED NOT NULL$$, :'two');
SELECT try($$CREATE UNIQUE INDEX once ON user_follow (follower_id)$$, :'two');
SELECT try($$CREATE UNIQUE INDEX once ON user_follow (follower_id) WHERE right(following_id::text, 1) <> 'b'$$, $$
    follow_user(a, b)
    follow_user(a, c)
    follow_user(a, d)
    follow_user(a, c)$$);
SELECT try($$CREATE UNIQUE INDEX once ON user_follow (follower_id)$$, $$
    SELECT string_agg(status::text, ' ') FROM follow_users(a, ARRAY[b, c]::uuid[])$$);
-- foreign keys
\set missing 'follow_user(a, b)\nfollow_user(a, f)\nfollow_user(f, a)\nfollow_user(a, c)\nSET CONSTRAINTS ALL IMMEDIATE\nSELECT string_agg(status::text, '' '') FROM follow_users(a, ARRAY[b, d, f]::uuid[])'
SELECT try($$ALTER TABLE user_follow ADD FOREIGN KEY (follower_id) REFERENCES users,
    ADD FOREIGN KEY (following_id) REFERENCES users ON DELETE CASCADE$$, :'missing');
SELECT try($$ALTER TABLE user_follow ADD FOREIGN KEY (follower_id) REFERENCES users DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (following_id) REFERENCES users DEFERRABLE INITIALLY DEFERRED$$, :'missing');
SELECT try($$ALTER TABLE user_follow ADD other uuid DEFAULT md5('nobody')::uuid CONSTRAINT other_fk REFERENCES users$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD other uuid DEFAULT md5('nobody')::uuid CONSTRAINT other_fk REFERENCES users DEFERRABLE INITIALLY DEFERRED$$, $$
    follow_user(a, b)
    SET CONSTRAINTS ALL IMMEDIATE
    DELETE FROM user_follow$$);
-- indexes: each holds the rows (looked up by index scans; amcheck has a look at all)
SELECT try($$CREATE INDEX ON user_follow (right(following_id::text, 1)); SET LOCAL enable_seqscan = off$$, $$
    follow_user(a, b)
    follow_user(a, c)
    SELECT count(*) FROM user_follow WHERE right(following_id::text, 1) = 'b'$$);
SELECT try($$CREATE INDEX ON user_follow (follower_id) WHERE right(following_id::text, 1) = 'b'; SET LOCAL enable_seqscan = off$$, $$
    follow_user(a, b)
    follow_user(a, c)
    SELECT count(*) FROM user_follow WHERE right(following_id::text, 1) = 'b'$$);
SELECT try($$CREATE INDEX ON user_follow (immutable_in_plpgsql(follower_id)); SET LOCAL enable_seqscan = off$$, $$
    follow_user(a, b)
    follow_user(a, c)
    SELECT count(*) FROM user_follow WHERE immutable_in_plpgsql(follower_id) = 'a'$$);
SELECT try($$$$, $$
    follow_user(a, b)
    CREATE INDEX ON user_follow (created_at)
    follow_user(a, c)
    CREATE UNIQUE INDEX once ON user_follow (following_id)
    follow_user(b, c)
    DROP INDEX once
    follow_user(b, c)$$);
-- triggers after a row: they see it, write elsewhere, fire once, with conditions, at once or later
SELECT try($$CREATE TRIGGER t AFTER INSERT OR DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION note()$$);
SELECT try($$CREATE TRIGGER t AFTER INSERT ON user_follow FOR EACH ROW WHEN (right(NEW.following_id::text, 1) = 'c') EXECUTE FUNCTION note();
    CREATE TRIGGER u AFTER DELETE ON user_follow FOR EACH ROW WHEN (right(OLD.following_id::text, 1) = 'd') EXECUTE FUNCTION note()$$);
SELECT try($$CREATE CONSTRAINT TRIGGER t AFTER INSERT OR DELETE ON user_follow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()$$, $$
    follow_user(a, b)
    SELECT count(*) FROM noted
    SET CONSTRAINTS ALL IMMEDIATE
    SELECT count(*) FROM noted
    SET CONSTRAINTS ALL DEFERRED
    block_user(b, a)
    SELECT count(*) FROM noted$$);
SELECT try($$CREATE TRIGGER a_first AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION refuse()$$, :'two');
SELECT try($$CREATE TRIGGER t AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION backdate()$$, :'two');
SELECT try($$CREATE TRIGGER t AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION follow_back()$$, $$
    follow_user(a, b)
    follow_user(a, b)
    follow_user(b, a)$$);
SELECT try($$CREATE TRIGGER "0" AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back()$$, $$
    follow_user(a, b)
    follow_user(a, b)
    SELECT count(*) FROM user_block$$, guards => '{true}');
SELECT try($$CREATE TRIGGER t AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE user_follow DISABLE TRIGGER t$$);
SELECT try($$CREATE TRIGGER t BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE user_follow DISABLE TRIGGER t$$);
-- as a replica, whose triggers are others
GRANT SET ON PARAMETER session_replication_role TO regress_follow_owner;
SELECT try($$CREATE TRIGGER t AFTER INSERT OR DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER u AFTER INSERT OR DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION note();
    ALTER TABLE user_follow ADD FOREIGN KEY (follower_id) REFERENCES users, ENABLE REPLICA TRIGGER t; SET LOCAL session_replication_role = replica$$, $$
    follow_user(a, b)
    follow_user(f, b)
    block_user(a, b)
    follow_user(a, b)$$);
REVOKE SET ON PARAMETER session_replication_role FROM regress_follow_owner;

--
-- A default whose function does the same or the opposite to the pair that is being written
--
SELECT try($$ALTER TABLE user_follow ADD t text DEFAULT 'row ' || in_plpgsql(),
    ADD n int DEFAULT meanwhile('follow_user(a, b)')$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT meanwhile('unfollow_user(a, b)')$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT meanwhile('block_user(a, b)')$$, :'two', guards => '{true}');
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT meanwhile('block_user(b, a)')$$, :'two', guards => '{true}');
SELECT try($$ALTER TABLE user_follow ADD t text DEFAULT 'row ' || in_plpgsql(),
    ADD n int DEFAULT meanwhile('follow_user(c, d)')$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD t text DEFAULT 'row ' || in_plpgsql(),
    ADD n int DEFAULT meanwhile('SELECT string_agg(status::text, '' '') FROM follow_users(a, ARRAY[b, c, d]::uuid[])')$$, :'two');
SELECT try($$ALTER TABLE user_follow ADD t text DEFAULT 'row ' || in_plpgsql(),
    ADD n int DEFAULT meanwhile('follow_user(a, b)')$$, $$
    SELECT string_agg(status::text, ' ') FROM follow_users(a, ARRAY[b, c]::uuid[])$$);
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT meanwhile('block_user(a, b)')$$, $$
    SELECT string_agg(status::text, ' ') FROM follow_users(a, ARRAY[b, c]::uuid[])$$, guards => '{true}');
-- one that fails leaves nothing under way behind it
SELECT try($$ALTER TABLE user_follow ADD n int DEFAULT 1 / (nextval('numbers')::int - 2)$$, $$
    follow_user(a, b)
    SELECT (store = 'direct') = (current_setting('follow_ext.store') = 'auto') FROM follow_explain() WHERE access = 'insert' LIMIT 1
    follow_user(a, b)
    follow_user(a, b)$$);

--
-- Rights to what a default calls, and what it is at this moment
--
SELECT try($$SET LOCAL ROLE NONE; CREATE FUNCTION f(int) RETURNS int LANGUAGE internal AS 'int4abs';
    ALTER FUNCTION f OWNER TO regress_follow_owner; SET LOCAL ROLE regress_follow_owner;
    REVOKE EXECUTE ON FUNCTION f FROM PUBLIC; ALTER TABLE user_follow ADD n int DEFAULT f(-7)$$, $$
    follow_user(a, b)
    SET LOCAL ROLE regress_follow_user
    follow_user(a, c)
    SET LOCAL ROLE regress_follow_owner
    GRANT EXECUTE ON FUNCTION f TO regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, c)
    SET LOCAL ROLE regress_follow_owner
    REVOKE EXECUTE ON FUNCTION f FROM regress_follow_user
    SET LOCAL ROLE regress_follow_user
    follow_user(a, d)
    follow_user(a, c)$$);
-- a constraint that could not be compiled once is not taken for one that holds
SELECT try($$SET LOCAL ROLE NONE; CREATE FUNCTION f(uuid, uuid) RETURNS boolean LANGUAGE internal IMMUTABLE AS 'uuid_ne';
    ALTER FUNCTION f OWNER TO regress_follow_owner; SET LOCAL ROLE regress_follow_owner;
    REVOKE EXECUTE ON FUNCTION f FROM PUBLIC; ALTER TABLE user_follow ADD CHECK (f(following_id, '00000000-0000-0000-0000-00000000000f'))$$, $$
    SET LOCAL ROLE regress_follow_user
    follow_user(a, c)
    follow_user(a, c)
    follow_user(a, c)$$);
SELECT try($$SET LOCAL ROLE NONE; CREATE FUNCTION f(int) RETURNS int LANGUAGE internal IMMUTABLE AS 'int4abs';
    SET LOCAL ROLE regress_follow_owner; ALTER TABLE user_follow ADD n int DEFAULT f(7)$$, $$
    follow_user(a, b)
    SET LOCAL ROLE NONE
    CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE internal IMMUTABLE AS 'int4um'
    SET LOCAL ROLE regress_follow_owner
    follow_user(a, c)
    ALTER TABLE user_follow ALTER n SET DEFAULT 9
    follow_user(a, d)$$);

-- a function that becomes one in SQL reads the search_path of the moment
SELECT try($$CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN ''app''; END';
    CREATE SCHEMA other;
    CREATE FUNCTION other.g() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN ''other''; END';
    SET LOCAL ROLE NONE; CREATE FUNCTION f(text) RETURNS text LANGUAGE internal STABLE AS 'btrim1';
    ALTER FUNCTION f OWNER TO regress_follow_owner; SET LOCAL ROLE regress_follow_owner;
    ALTER TABLE user_follow ADD n text DEFAULT f(' before ')$$, $$
    follow_user(a, b)
    CREATE OR REPLACE FUNCTION f(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT g()'
    follow_user(a, c)
    SET LOCAL search_path = other, app, harness, public
    follow_user(a, d)$$);

DROP SCHEMA app, harness CASCADE;
DROP EXTENSION follow_ext;
DROP EXTENSION amcheck;
DROP ACCESS METHOD heap2;
DROP OWNED BY regress_follow_owner, regress_follow_user;
DROP ROLE regress_follow_owner, regress_follow_user;
