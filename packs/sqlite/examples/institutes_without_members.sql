-- request: Which institutes have no members?
-- kind: sql
-- data: papers.sqlite
-- tags: not exists
-- expect-rows: 2
-- expect: name = Cork College
-- ---
SELECT I.name
FROM institute AS I
WHERE NOT EXISTS (
    SELECT 1
    FROM member AS M
    WHERE M.institute_id = I.institute_id
)
ORDER BY I.name
