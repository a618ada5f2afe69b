-- request: Which samples have no mass recorded?
-- kind: sql
-- data: lab.sqlite
-- tags: null, filter
-- expect-rows: 5
-- expect: label = S-104
-- ---
SELECT label
FROM sample
WHERE mass_g IS NULL
ORDER BY label
