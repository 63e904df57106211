-- Under row security the policies speak first also where the owner's triggers run statements of their own: an error of such
-- a statement tells of no block, no follow and no user.
CREATE EXTENSION follow_ext;
\set VERBOSITY sqlstate
\set a '\'00000000-0000-0000-0000-00000000000a\''
\set b '\'00000000-0000-0000-0000-00000000000b\''
\set c '\'00000000-0000-0000-0000-00000000000c\''
\set d '\'00000000-0000-0000-0000-00000000000d\''
\set e '\'00000000-0000-0000-0000-00000000000e\''
\set nobody '\'00000000-0000-0000-0000-0000000000ff\''
CREATE ROLE regress_follow_user;
CREATE TABLE users (id uuid PRIMARY KEY);
INSERT INTO users VALUES (:a), (:b), (:c), (:d), (:e);
SELECT follow_create_graph(roles => '{regress_follow_user}');

-- b and c are blocked, b and d are not: a, who is neither, learns nothing from a trigger that fails before the policy
INSERT INTO user_block VALUES (:c, :b);
CREATE TABLE once (id uuid PRIMARY KEY);
INSERT INTO once VALUES (:c), (:d);
CREATE FUNCTION only_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN INSERT INTO once VALUES (NEW.following_id); RETURN NEW; END';
CREATE TRIGGER only_once BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION only_once();
SET ROLE regress_follow_user;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}';
SELECT follow_user(:b, :c);
SELECT follow_user(:b, :d);
SELECT follow_user(:b, :e);
SELECT follow_users(:b, ARRAY[:c]::uuid[]);
SELECT follow_users(:b, ARRAY[:d]::uuid[]);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT follow_user(:b, :c);
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT follow_user(:b, :d);
ROLLBACK;
RESET ROLE;
DROP TRIGGER only_once ON user_follow;

-- with a trigger before the row and guards after it, a missing user is still told as one, and a block before that
ALTER TABLE user_follow ADD CONSTRAINT following FOREIGN KEY (following_id) REFERENCES users;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.created_at := ''2020-01-01 UTC''; RETURN NEW; END';
CREATE TRIGGER stamp BEFORE INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION stamp();
INSERT INTO user_block VALUES (:a, '00000000-0000-0000-0000-0000000000fe');
SET ROLE regress_follow_user;
SELECT follow_user(:a, :nobody);
SELECT follow_user(:a, '00000000-0000-0000-0000-0000000000fe');
SELECT follow_user(:b, :nobody);
SELECT status FROM follow_users(:a, ARRAY['00000000-0000-0000-0000-0000000000fe', :nobody, :b]::uuid[]);
RESET ROLE;
DROP TRIGGER stamp ON user_follow;
-- a key that is checked at commit puts existence behind the block too
ALTER TABLE user_follow ALTER CONSTRAINT following DEFERRABLE INITIALLY DEFERRED;
SET ROLE regress_follow_user;
SELECT status FROM follow_users(:a, ARRAY['00000000-0000-0000-0000-0000000000fe', :nobody, :c]::uuid[]);
RESET ROLE;
-- and so does one whose old rows nobody has checked
ALTER TABLE user_block ADD FOREIGN KEY (blocker_id) REFERENCES users NOT VALID,
    ADD FOREIGN KEY (blocked_id) REFERENCES users NOT VALID;
ALTER TABLE user_follow ALTER CONSTRAINT following NOT DEFERRABLE;
SET ROLE regress_follow_user;
SELECT follow_user(:a, '00000000-0000-0000-0000-0000000000fe');
RESET ROLE;

-- Which rows are new is told by the guards, whatever triggers write to rows
ALTER TABLE user_follow ADD rank int NOT NULL DEFAULT 0;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    BEGIN
        UPDATE user_follow SET rank = rank + 1 WHERE follower_id = NEW.follower_id;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    RETURN NULL;
END
$$;
CREATE TRIGGER touch AFTER INSERT ON user_follow FOR EACH ROW EXECUTE FUNCTION touch();
SET ROLE regress_follow_user;
SELECT status FROM follow_users(:a, ARRAY[:b, :d, :e]::uuid[]);
SELECT status FROM follow_users(:a, ARRAY[:b, :d, :e]::uuid[]);
RESET ROLE;

RESET request.jwt.claims;
SET client_min_messages = warning;
SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
DROP TABLE user_follow, user_block, users, once;
DROP FUNCTION only_once(), stamp(), touch();
DROP ROLE regress_follow_user;
