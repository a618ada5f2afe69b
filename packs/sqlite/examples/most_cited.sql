-- request: Which document is cited most often?
-- kind: sql
-- data: papers.sqlite
-- tags: join, count, top, link table
-- expect-rows: 1
-- expect: title = Luminosity from pixel clusters
-- expect: n_citations = 4
-- ---
SELECT D.title,
       COUNT(*) AS n_citations
FROM reference_link AS L
JOIN document AS D ON D.document_id = L.cited_id
GROUP BY D.document_id
ORDER BY n_citations DESC
LIMIT 1
