-- How much WAL there is and what the next transaction id will be: the difference over a run is what the run used.
SELECT pg_current_wal_insert_lsn() - '0/0', pg_snapshot_xmax(pg_current_snapshot());
