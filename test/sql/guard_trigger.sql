-- A user's own triggers that block and follow the same pair while a follow or a block of it is under way. The guards
-- skip their work for a write of the extension's own; what a trigger does in between must not profit from that.
SET client_min_messages = warning;
CREATE EXTENSION follow_ext;
CREATE TABLE users (id uuid PRIMARY KEY);
SELECT follow_create_graph(users_table => 'users');
\set VERBOSITY terse

\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
INSERT INTO users VALUES (:a), (:b), (:c);

-- After each case: is a pair both blocked and following, and how many rows of each are there?
PREPARE state AS
SELECT count(*) AS blocked_and_following,
       (SELECT count(*) FROM user_follow) AS follows, (SELECT count(*) FROM user_block) AS blocks
FROM user_block b
JOIN user_follow f ON (f.follower_id, f.following_id) IN ((b.blocker_id, b.blocked_id), (b.blocked_id, b.blocker_id));

CREATE FUNCTION block_back() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM block_user(NEW.following_id, NEW.follower_id); RETURN NEW; END';
CREATE FUNCTION insert_block_back() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO user_block VALUES (NEW.following_id, NEW.follower_id); RETURN NEW; END';
CREATE FUNCTION block_back_and_unblock() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN
    PERFORM block_user(NEW.following_id, NEW.follower_id);
    PERFORM unblock_user(NEW.following_id, NEW.follower_id);
    RETURN NEW;
END';
CREATE FUNCTION block_back_in_vain() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN
    BEGIN
        PERFORM block_user(NEW.following_id, NEW.follower_id);
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
    END;
    RETURN NEW;
END';
CREATE FUNCTION follow_back() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN
    IF pg_trigger_depth() = 1 THEN
        PERFORM follow_user(NEW.following_id, NEW.follower_id);
    END IF;
    RETURN NEW;
END';
CREATE FUNCTION follow_too() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN
    IF pg_trigger_depth() = 1 THEN
        PERFORM follow_user(NEW.follower_id, NEW.following_id);
    END IF;
    RETURN NEW;
END';

--
-- During a follow: a trigger blocks
--

-- before the row
CREATE TRIGGER own BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT status FROM follow_user(:a, :b);
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
INSERT INTO user_follow VALUES (:a, :b);
EXECUTE state;
DROP TRIGGER own ON user_follow;

-- after the row: before the guard looks, and after it
CREATE TRIGGER "00" AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT status FROM follow_user(:a, :b);
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
INSERT INTO user_follow VALUES (:a, :b);
EXECUTE state;
DROP TRIGGER "00" ON user_follow;
CREATE TRIGGER zzz AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
SELECT status FROM follow_user(:a, :b);
EXECUTE state;
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
EXECUTE state;
-- A plain INSERT is not asked what became of its row.
INSERT INTO user_follow VALUES (:a, :b);
EXECUTE state;
DELETE FROM user_block;
DROP TRIGGER zzz ON user_follow;

-- by a plain INSERT
CREATE TRIGGER own BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION insert_block_back();
SELECT status FROM follow_user(:a, :b);
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
EXECUTE state;
DROP TRIGGER own ON user_follow;
CREATE TRIGGER "00" AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION insert_block_back();
SELECT status FROM follow_user(:a, :b);
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
EXECUTE state;
DROP TRIGGER "00" ON user_follow;

-- and takes it back: by an unblock, or with a subtransaction
CREATE TRIGGER own BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back_and_unblock();
SELECT status FROM follow_user(:a, :b);
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
EXECUTE state;
DELETE FROM user_follow;
DROP TRIGGER own ON user_follow;
CREATE TRIGGER own BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back_in_vain();
SELECT status FROM follow_user(:a, :b);
SELECT * FROM follow_users(:a, ARRAY[:b, :c]::uuid[]);
EXECUTE state;
DELETE FROM user_follow;
DROP TRIGGER own ON user_follow;

-- The same in a transaction that goes on after the refusal
CREATE TRIGGER own BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION block_back();
BEGIN;
SAVEPOINT refused;
SELECT status FROM follow_user(:a, :b);
ROLLBACK TO refused;
ALTER TABLE user_follow DISABLE TRIGGER own;
SELECT status FROM block_user(:b, :a);
INSERT INTO user_follow VALUES (:a, :b);
ROLLBACK TO refused;
COMMIT;
EXECUTE state;
DROP TRIGGER own ON user_follow;

--
-- During a follow: a trigger follows
--

CREATE TRIGGER own BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION follow_back();
SELECT status FROM follow_user(:a, :b);
EXECUTE state;
DELETE FROM user_follow;
DROP TRIGGER own ON user_follow;
CREATE TRIGGER own BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION follow_too();
SELECT status FROM follow_user(:a, :b);
EXECUTE state;
DELETE FROM user_follow;
DROP TRIGGER own ON user_follow;

--
-- During a block: a trigger follows
--

CREATE FUNCTION follow_blocked() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM follow_user(NEW.blocker_id, NEW.blocked_id); RETURN NEW; END';
CREATE FUNCTION follow_blocked_anyway() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN
    BEGIN
        INSERT INTO user_follow VALUES (NEW.blocked_id, NEW.blocker_id);
    EXCEPTION WHEN SQLSTATE ''PT403'' THEN
        RAISE WARNING ''refused'';
    END;
    RETURN NEW;
END';

-- before the row: the follow goes with all the others
CREATE TRIGGER own BEFORE INSERT ON user_block FOR EACH ROW EXECUTE FUNCTION follow_blocked();
SELECT status FROM block_user(:a, :b);
EXECUTE state;
DELETE FROM user_block;
INSERT INTO user_block VALUES (:a, :b);
EXECUTE state;
DELETE FROM user_block;
DROP TRIGGER own ON user_block;

-- after the row
CREATE TRIGGER own AFTER INSERT ON user_block FOR EACH ROW EXECUTE FUNCTION follow_blocked();
SELECT status FROM block_user(:a, :b);
INSERT INTO user_block VALUES (:a, :b);
EXECUTE state;
DROP TRIGGER own ON user_block;
CREATE TRIGGER own AFTER INSERT ON user_block FOR EACH ROW EXECUTE FUNCTION follow_blocked_anyway();
SELECT status FROM block_user(:a, :b);
EXECUTE state;
DELETE FROM user_block;
DROP TRIGGER own ON user_block;
-- after the guard has removed the follows
CREATE TRIGGER zzz AFTER INSERT ON user_block FOR EACH ROW EXECUTE FUNCTION follow_blocked_anyway();
INSERT INTO user_block VALUES (:a, :b);
EXECUTE state;
DELETE FROM user_block;
DROP TRIGGER zzz ON user_block;

-- while the follows are removed
INSERT INTO user_follow VALUES (:a, :b);
CREATE FUNCTION follow_again() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO user_follow VALUES (OLD.follower_id, OLD.following_id); RETURN NULL; END';
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER own AFTER DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION follow_again();
SELECT status FROM block_user(:a, :b);
INSERT INTO user_block VALUES (:b, :a);
DROP TRIGGER own ON user_follow;
CREATE TRIGGER own BEFORE DELETE ON user_follow FOR EACH ROW EXECUTE FUNCTION keep();
SELECT status FROM block_user(:a, :b);
INSERT INTO user_block VALUES (:b, :a);
DROP TRIGGER own ON user_follow;
EXECUTE state;

DROP TABLE user_follow, user_block, users;
DROP EXTENSION follow_ext;
DROP FUNCTION block_back, insert_block_back, block_back_and_unblock, block_back_in_vain, follow_back, follow_too,
    follow_blocked, follow_blocked_anyway, follow_again, keep;
