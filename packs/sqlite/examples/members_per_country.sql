-- request: How many members does each country have?
-- kind: sql
-- data: papers.sqlite
-- tags: join, group, count
-- expect-rows: 3
-- expect: country = France
-- expect: n_members = 5
-- ---
SELECT I.country,
       COUNT(*) AS n_members
FROM member AS M
JOIN institute AS I ON I.institute_id = M.institute_id
GROUP BY I.country
ORDER BY n_members DESC, I.country
