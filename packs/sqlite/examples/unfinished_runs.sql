-- request: Which runs have no end time?
-- kind: sql
-- data: runs.sqlite
-- tags: null
-- expect-rows: 1
-- expect: run_number = 3817
-- ---
SELECT run_number
FROM run
WHERE end_time IS NULL
