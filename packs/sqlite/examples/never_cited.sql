-- request: How many documents were never cited?
-- kind: sql
-- data: papers.sqlite
-- tags: left join, null, count
-- expect-rows: 1
-- expect: n_documents = 6
-- ---
SELECT COUNT(*) AS n_documents
FROM document AS D
LEFT JOIN reference_link AS L ON L.cited_id = D.document_id
WHERE L.citing_id IS NULL
