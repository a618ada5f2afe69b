-- request: How many runs have between 500000 and 1000000 events?
-- kind: sql
-- data: runs.sqlite
-- tags: between, count
-- expect-rows: 1
-- expect: n_runs = 6
-- ---
SELECT COUNT(*) AS n_runs
FROM run
WHERE n_events BETWEEN 500000 AND 1000000
