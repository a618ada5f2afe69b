-- request: Give the three runs with the highest recorded luminosity.
-- kind: sql
-- data: runs.sqlite
-- tags: top, sum, group
-- expect-rows: 3
-- expect: run_number = 3802
-- expect: recorded_nb = 6891 +- 0.001%
-- ---
SELECT run_number,
       SUM(recorded_nb) AS recorded_nb
FROM lumi_block
GROUP BY run_number
ORDER BY recorded_nb DESC
LIMIT 3
