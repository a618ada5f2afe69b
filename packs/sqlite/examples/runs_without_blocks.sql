-- request: Which runs have no luminosity blocks?
-- kind: sql
-- data: runs.sqlite
-- tags: not exists
-- expect-rows: 4
-- expect: run_number = 3809
-- ---
SELECT run_number
FROM run AS R
WHERE NOT EXISTS (
    SELECT 1
    FROM lumi_block AS B
    WHERE B.run_number = R.run_number
)
ORDER BY run_number
