-- request: How many days after its arrival was each copper sample first measured?
-- kind: sql
-- data: lab.sqlite
-- tags: date difference, minimum, join, group
-- expect-rows: 2
-- expect: label = S-113
-- expect: days = 36.5486 +- 0.001%
-- ---
SELECT S.label,
       MIN(julianday(M.measured_at) - julianday(S.received_on)) AS days
FROM sample AS S
JOIN measurement AS M ON M.sample_id = S.sample_id
WHERE S.material = 'copper'
GROUP BY S.sample_id
ORDER BY S.label
