-- request: How many runs used the trigger menu physics_v2?
-- kind: sql
-- data: runs.sqlite
-- tags: count, filter, text value
-- expect-rows: 1
-- expect: n_runs = 5
-- ---
SELECT COUNT(*) AS n_runs
FROM run
WHERE trigger_menu = 'physics_v2'
