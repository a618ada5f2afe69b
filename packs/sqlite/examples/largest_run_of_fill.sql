-- request: Which run has the most events in each fill?
-- kind: sql
-- data: runs.sqlite
-- tags: per-group maximum, window
-- expect-rows: 5
-- expect: fill_number = 9501
-- expect: run_number = 3802
-- expect: n_events = 1563500
-- ---
SELECT fill_number,
       run_number,
       n_events
FROM (
    SELECT fill_number,
           run_number,
           n_events,
           RANK() OVER (PARTITION BY fill_number ORDER BY n_events DESC) AS place
    FROM run
)
WHERE place = 1
ORDER BY fill_number
