-- request: How many members were active in 2018, that is had joined by then and not left?
-- kind: sql
-- data: papers.sqlite
-- tags: or, null, count
-- expect-rows: 1
-- expect: n_members = 8
-- ---
SELECT COUNT(*) AS n_members
FROM member
WHERE joined_year <= 2018
  AND (left_year IS NULL OR left_year > 2018)
