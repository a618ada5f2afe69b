-- request: Which members contributed to a document together with Hara?
-- kind: sql
-- data: papers.sqlite
-- tags: self join, distinct, link table
-- expect-rows: 3
-- expect: name = Egami
-- ---
SELECT DISTINCT M.name
FROM contribution AS A
JOIN contribution AS B ON B.document_id = A.document_id
JOIN member AS H ON H.member_id = A.member_id
JOIN member AS M ON M.member_id = B.member_id
WHERE H.name = 'Hara'
  AND M.name <> 'Hara'
ORDER BY M.name
