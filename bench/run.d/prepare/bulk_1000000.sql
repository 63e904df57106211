-- A million users more, to be followed.
INSERT INTO auth.users (id) SELECT bench.member(1000000 + n) FROM generate_series(0, 999999) AS n;
