-- request: Which runs have more events than the average run?
-- kind: sql
-- data: runs.sqlite
-- tags: subquery, average
-- expect-rows: 11
-- expect: run_number = 3814
-- expect: n_events = 1875000
-- ---
SELECT run_number,
       n_events
FROM run
WHERE n_events > (
    SELECT AVG(n_events)
    FROM run
)
ORDER BY n_events DESC
