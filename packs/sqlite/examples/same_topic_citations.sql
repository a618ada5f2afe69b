-- request: Which documents cite a document of the same topic?
-- kind: sql
-- data: papers.sqlite
-- tags: self join, link table
-- expect-rows: 3
-- expect: title = Calorimeter timing
-- ---
SELECT DISTINCT A.title
FROM reference_link AS L
JOIN document AS A ON A.document_id = L.citing_id
JOIN document AS B ON B.document_id = L.cited_id
WHERE A.topic = B.topic
ORDER BY A.title
