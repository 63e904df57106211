-- Medians and spread over the rounds: "csv" for programs, "readable" for people.
CREATE TABLE run (
    tables text, workload text, way text, round int, calls bigint, calls_per_s numeric,
    p50_ms numeric, p95_ms numeric, p99_ms numeric, wal numeric, xids numeric, wrong int, failed text
);
\copy run FROM 'runs.csv' CSV

CREATE TABLE way (number serial, name text, title text);
CREATE TABLE tables (LIKE way INCLUDING ALL);
CREATE TABLE workload (LIKE way INCLUDING ALL);
\copy way (name, title) FROM 'ways'
\copy tables (name, title) FROM 'tables'
\copy workload (name, title) FROM 'workloads'

CREATE VIEW median AS
SELECT
    tables, workload, way,
    count(*) AS rounds,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY calls_per_s)::numeric AS calls_per_s,
    min(calls_per_s) AS slowest,
    max(calls_per_s) AS fastest,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY calls_per_s / nullif(b.of_b, 0))::numeric AS of_b,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p50_ms)::numeric AS p50_ms,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p95_ms)::numeric AS p95_ms,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p99_ms)::numeric AS p99_ms,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY wal / nullif(calls, 0))::numeric AS wal_per_call,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY xids / nullif(calls, 0))::numeric AS xids_per_call,
    sum(wrong) AS wrong,
    count(failed) AS failed
FROM run LEFT JOIN (
    SELECT tables, workload, round, calls_per_s AS of_b FROM run WHERE way = 'insert'
) AS b USING (tables, workload, round)
GROUP BY tables, workload, way;

CREATE VIEW csv AS
SELECT
    tables AS "table", workload, way, rounds, round(calls_per_s, 3) AS calls_per_s, slowest, fastest,
    round(of_b, 3) AS of_b, p50_ms, p95_ms, p99_ms, round(wal_per_call) AS wal_per_call,
    round(xids_per_call, 3) AS xids_per_call, wrong, failed
FROM median
    JOIN tables ON tables.name = tables JOIN workload ON workload.name = workload JOIN way ON way.name = way
ORDER BY tables.number, workload.number, way.number;

-- Every way has its line in every workload; the names of tables and workload are said once.
CREATE VIEW readable AS
SELECT
    CASE WHEN way.number = 1 AND first_of_tables THEN tables.name ELSE '' END AS tables,
    CASE WHEN way.number = 1 THEN workload.title ELSE '' END AS workload,
    way.title || CASE WHEN failed > 0 THEN '  FAILED' ELSE '' END AS way,
    round(calls_per_s, CASE WHEN calls_per_s < 1 THEN 4 WHEN calls_per_s < 100 THEN 2 ELSE 0 END) AS "calls/s",
    CASE WHEN rounds > 1 THEN round(50 * (fastest - slowest) / nullif(calls_per_s, 0)) || ' %' END AS "+/-",
    to_char(of_b, 'FM9990.00') AS "of b",
    to_char(p50_ms, 'FM999990.000') AS p50,
    to_char(p95_ms, 'FM999990.000') AS p95,
    to_char(p99_ms, 'FM999990.000') AS p99,
    round(wal_per_call) AS "WAL",
    round(xids_per_call, 2) AS xids,
    CASE WHEN wrong > 0 THEN wrong END AS wrong
FROM (
    SELECT tables, workload, workload.number = min(workload.number) OVER (PARTITION BY tables) AS first_of_tables
    FROM (SELECT DISTINCT tables, workload FROM run) AS done JOIN workload ON workload.name = workload
) AS done
    JOIN tables ON tables.name = tables JOIN workload ON workload.name = workload CROSS JOIN way
    LEFT JOIN median ON (median.tables, median.workload, median.way) = (done.tables, done.workload, way.name)
ORDER BY tables.number, workload.number, way.number;
