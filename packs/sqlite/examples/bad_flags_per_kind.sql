-- request: How many bad flags does each kind of subdetector have?
-- kind: sql
-- data: runs.sqlite
-- tags: join, group, count
-- expect-rows: 3
-- expect: kind = tracker
-- expect: n_bad = 4
-- ---
SELECT S.kind,
       COUNT(*) AS n_bad
FROM run_quality AS Q
JOIN subdetector AS S ON S.subdetector_id = Q.subdetector_id
WHERE Q.flag = 'bad'
GROUP BY S.kind
ORDER BY n_bad DESC
