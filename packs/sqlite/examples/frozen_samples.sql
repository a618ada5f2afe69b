-- request: How many samples are stored below 0 degrees Celsius?
-- kind: sql
-- data: lab.sqlite
-- tags: join, count, filter
-- expect-rows: 1
-- expect: n_samples = 9
-- ---
SELECT COUNT(*) AS n_samples
FROM sample AS S
JOIN storage AS T ON T.storage_id = S.storage_id
WHERE T.temperature_C < 0
