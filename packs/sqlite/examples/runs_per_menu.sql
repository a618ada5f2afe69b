-- request: How many runs were taken with each trigger menu?
-- kind: sql
-- data: runs.sqlite
-- tags: count, group
-- expect-rows: 3
-- expect: trigger_menu = physics_v1
-- expect: n_runs = 9
-- ---
SELECT trigger_menu,
       COUNT(*) AS n_runs
FROM run
GROUP BY trigger_menu
ORDER BY n_runs DESC
