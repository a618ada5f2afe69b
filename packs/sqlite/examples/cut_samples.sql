-- request: List the samples that were cut from another one, with the label of that one.
-- kind: sql
-- data: lab.sqlite
-- tags: self join
-- expect-rows: 4
-- expect: label = S-111
-- expect: parent_label = S-102
-- ---
SELECT S.label,
       P.label AS parent_label
FROM sample AS S
JOIN sample AS P ON P.sample_id = S.parent_id
ORDER BY S.label
