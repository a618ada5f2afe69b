-- request: How many minutes lie between the end of each run of fill 9501 and the start of the next one?
-- kind: sql
-- data: runs.sqlite
-- tags: window, lag, date difference, minutes
-- expect-rows: 4
-- expect: run_number = 3801
-- expect: gap_minutes = 25 +- 0.001%
-- ---
SELECT run_number,
       1440 * (julianday(LEAD(start_time) OVER (ORDER BY run_number)) - julianday(end_time)) AS gap_minutes
FROM run
WHERE fill_number = 9501
ORDER BY run_number
