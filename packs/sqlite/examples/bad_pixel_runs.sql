-- request: In which runs was the pixel detector flagged as bad?
-- kind: sql
-- data: runs.sqlite
-- tags: join, link table, text value
-- expect-rows: 3
-- expect: run_number = 3806
-- ---
SELECT Q.run_number
FROM run_quality AS Q
JOIN subdetector AS S ON S.subdetector_id = Q.subdetector_id
WHERE S.name = 'pixel'
  AND Q.flag = 'bad'
ORDER BY Q.run_number
