-- request: Which samples were measured at least three times?
-- kind: sql
-- data: lab.sqlite
-- tags: having, join, group
-- expect-rows: 7
-- expect: label = S-101
-- expect: n_measurements = 3
-- ---
SELECT S.label,
       COUNT(*) AS n_measurements
FROM sample AS S
JOIN measurement AS M ON M.sample_id = S.sample_id
GROUP BY S.sample_id
HAVING COUNT(*) >= 3
ORDER BY S.label
