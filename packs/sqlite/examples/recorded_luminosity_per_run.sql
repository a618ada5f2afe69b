-- request: What is the total recorded luminosity of each run?
-- kind: sql
-- data: runs.sqlite
-- tags: sum, group
-- expect-rows: 14
-- expect: run_number = 3801
-- expect: recorded_nb = 4265.2 +- 0.001%
-- ---
SELECT run_number,
       SUM(recorded_nb) AS recorded_nb
FROM lumi_block
GROUP BY run_number
ORDER BY run_number
