-- request: How many documents were published in each year?
-- kind: sql
-- data: papers.sqlite
-- tags: strftime, group, count
-- expect-rows: 3
-- expect: year = '2022'
-- expect: n_documents = 4
-- ---
SELECT strftime('%Y', published_on) AS year,
       COUNT(*) AS n_documents
FROM document
WHERE published_on IS NOT NULL
GROUP BY year
ORDER BY year
