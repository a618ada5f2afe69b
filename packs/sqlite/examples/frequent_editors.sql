-- request: Which members edited more than one document?
-- kind: sql
-- data: papers.sqlite
-- tags: having, join, link table
-- expect-rows: 2
-- expect: name = Greco
-- expect: n_documents = 3
-- ---
SELECT M.name,
       COUNT(*) AS n_documents
FROM contribution AS C
JOIN member AS M ON M.member_id = C.member_id
WHERE C.role = 'editor'
GROUP BY M.member_id
HAVING COUNT(*) > 1
ORDER BY M.name
