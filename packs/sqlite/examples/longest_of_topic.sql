-- request: What is the longest document of each topic?
-- kind: sql
-- data: papers.sqlite
-- tags: per-group maximum, window
-- expect-rows: 4
-- expect: topic = detector
-- expect: title = Jet energy calibration
-- expect: n_pages = 39
-- ---
SELECT topic,
       title,
       n_pages
FROM (
    SELECT topic,
           title,
           n_pages,
           ROW_NUMBER() OVER (PARTITION BY topic ORDER BY n_pages DESC) AS place
    FROM document
)
WHERE place = 1
ORDER BY topic
