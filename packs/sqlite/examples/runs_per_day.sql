-- request: How many runs were started on each day?
-- kind: sql
-- data: runs.sqlite
-- tags: date, group, count
-- expect-rows: 7
-- expect: day = 2024-05-03
-- expect: n_runs = 4
-- ---
SELECT date(start_time) AS day,
       COUNT(*) AS n_runs
FROM run
GROUP BY day
ORDER BY day
