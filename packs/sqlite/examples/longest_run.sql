-- request: Which run lasted longest, and how many hours did it take?
-- kind: sql
-- data: runs.sqlite
-- tags: date difference, top, hours
-- expect-rows: 1
-- expect: run_number = 3814
-- expect: hours = 5 +- 0.001%
-- ---
SELECT run_number,
       24 * (julianday(end_time) - julianday(start_time)) AS hours
FROM run
ORDER BY hours DESC
LIMIT 1
