-- request: Which document has the second highest number of pages?
-- kind: sql
-- data: papers.sqlite
-- tags: offset, top
-- expect-rows: 1
-- expect: title = Jet energy calibration
-- expect: n_pages = 39
-- ---
SELECT title,
       n_pages
FROM document
ORDER BY n_pages DESC
LIMIT 1 OFFSET 1
