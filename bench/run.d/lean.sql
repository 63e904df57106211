-- The tables that follow_create_graph makes, in the place of the app's, and without follow_ext.
DROP TABLE user_follow, user_block;
CREATE EXTENSION follow_ext;
SELECT follow_create_graph();
SELECT follow_detach_graph();
DROP EXTENSION follow_ext;
