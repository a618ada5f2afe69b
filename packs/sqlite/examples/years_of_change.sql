-- request: In which years did a member join or leave?
-- kind: sql
-- data: papers.sqlite
-- tags: union, distinct
-- expect-rows: 10
-- expect: year = 2013
-- ---
SELECT joined_year AS year
FROM member
UNION
SELECT left_year
FROM member
WHERE left_year IS NOT NULL
ORDER BY year
