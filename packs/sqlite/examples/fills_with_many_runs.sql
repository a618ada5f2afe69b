-- request: Which fills have at least four runs?
-- kind: sql
-- data: runs.sqlite
-- tags: having, group, count
-- expect-rows: 3
-- expect: fill_number = 9501
-- expect: n_runs = 4
-- ---
SELECT fill_number,
       COUNT(*) AS n_runs
FROM run
GROUP BY fill_number
HAVING COUNT(*) >= 4
ORDER BY fill_number
