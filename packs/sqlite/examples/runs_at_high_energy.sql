-- request: How many runs were taken at a beam energy above 6 TeV?
-- kind: sql
-- data: runs.sqlite
-- tags: join, count, unit
-- expect-rows: 1
-- expect: n_runs = 14
-- ---
SELECT COUNT(*) AS n_runs
FROM run AS R
JOIN fill AS F ON F.fill_number = R.fill_number
WHERE F.beam_energy_GeV > 6000
