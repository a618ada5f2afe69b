-- request: What percentage of all events does each trigger menu have?
-- kind: sql
-- data: runs.sqlite
-- tags: share of total, group, percent
-- expect-rows: 3
-- expect: trigger_menu = physics_v1
-- expect: percent = 62.9406 +- 0.001%
-- ---
SELECT trigger_menu,
       100.0 * SUM(n_events) / (
           SELECT SUM(n_events)
           FROM run
       ) AS percent
FROM run
GROUP BY trigger_menu
ORDER BY percent DESC
