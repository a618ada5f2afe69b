-- request: What fraction of the measurements was accepted?
-- kind: sql
-- data: lab.sqlite
-- tags: ratio, cast, sum
-- expect-rows: 1
-- expect: accepted_fraction = 0.705882 +- 0.001%
-- ---
SELECT CAST(SUM(accepted) AS REAL) / COUNT(*) AS accepted_fraction
FROM measurement
