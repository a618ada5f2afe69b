-- request: How many days pass on average from submission to publication for each topic?
-- kind: sql
-- data: papers.sqlite
-- tags: date difference, average, group
-- expect-rows: 4
-- expect: topic = detector
-- expect: mean_days = 104.75 +- 0.001%
-- ---
SELECT topic,
       AVG(julianday(published_on) - julianday(submitted_on)) AS mean_days
FROM document
WHERE published_on IS NOT NULL
GROUP BY topic
ORDER BY mean_days
