-- A table of the graph, or its schema, that is dropped by a trigger of the call itself: an error, and nothing is done.
CREATE EXTENSION follow_ext;
\set VERBOSITY sqlstate
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
CREATE SCHEMA app;
SELECT follow_create_graph('app');
SELECT status FROM follow_user(:a, :b);
CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE TG_ARGV[0]; RETURN NEW; END';

CREATE TRIGGER drop_it BEFORE INSERT ON app.user_follow FOR EACH ROW EXECUTE FUNCTION drop_it('DROP TABLE app.user_block');
SELECT follow_user(:b, :a);
SELECT follow_users(:b, ARRAY[:a]::uuid[]);
INSERT INTO app.user_follow VALUES (:b, :a);
DROP TRIGGER drop_it ON app.user_follow;
CREATE TRIGGER zzz_drop_it AFTER INSERT ON app.user_follow FOR EACH ROW EXECUTE FUNCTION drop_it('DROP TABLE app.user_block');
BEGIN;
SELECT status FROM follow_user(:b, :a);
SELECT status FROM follow_user(:b, :a);
ROLLBACK;
DROP TRIGGER zzz_drop_it ON app.user_follow;

CREATE TRIGGER drop_it BEFORE INSERT ON app.user_block FOR EACH ROW EXECUTE FUNCTION drop_it('DROP TABLE app.user_follow');
SELECT block_user(:a, :b);
INSERT INTO app.user_block VALUES (:a, :b);
DROP TRIGGER drop_it ON app.user_block;
CREATE TRIGGER zzz_drop_it AFTER INSERT ON app.user_block FOR EACH ROW EXECUTE FUNCTION drop_it('DROP TABLE app.user_follow');
SELECT block_user(:a, :b);
BEGIN; -- the guard is done by then
INSERT INTO app.user_block VALUES (:a, :b);
ROLLBACK;
DROP TRIGGER zzz_drop_it ON app.user_block;

-- with its schema
CREATE SCHEMA other;
ALTER TABLE app.user_follow SET SCHEMA other;
CREATE TRIGGER zzz_drop_it AFTER INSERT ON app.user_block FOR EACH ROW
    EXECUTE FUNCTION drop_it('DROP SCHEMA other CASCADE');
SELECT block_user(:a, :b);
DROP TRIGGER zzz_drop_it ON app.user_block;
SELECT (SELECT count(*) FROM other.user_follow) AS follows, (SELECT count(*) FROM app.user_block) AS blocks;
SET client_min_messages = warning;
DROP SCHEMA app, other CASCADE;
DROP FUNCTION drop_it();
DROP EXTENSION follow_ext CASCADE;
