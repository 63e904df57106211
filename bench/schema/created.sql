-- What a new project gets. The guards come when the rows are there.
CREATE EXTENSION follow_ext;
SELECT follow_create_graph(guards => false);
