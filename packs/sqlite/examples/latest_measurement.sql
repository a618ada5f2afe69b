-- request: When was each diamond sample last measured?
-- kind: sql
-- data: lab.sqlite
-- tags: per-group maximum, join, date
-- expect-rows: 8
-- expect: label = S-102
-- expect: last_measured_at = 2024-06-08 13:29
-- ---
SELECT S.label,
       MAX(M.measured_at) AS last_measured_at
FROM sample AS S
JOIN measurement AS M ON M.sample_id = S.sample_id
WHERE S.material = 'diamond'
GROUP BY S.sample_id
ORDER BY S.label
