-- request: Which instruments were not used for any measurement?
-- kind: sql
-- data: lab.sqlite
-- tags: not in, subquery
-- expect-rows: 1
-- expect: name = XR-7
-- ---
SELECT name
FROM instrument
WHERE instrument_id NOT IN (
    SELECT instrument_id
    FROM measurement
)
