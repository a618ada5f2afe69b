-- request: What is the mean relative uncertainty in percent of each measuring method?
-- kind: sql
-- data: lab.sqlite
-- tags: join, average, percent, group
-- expect-rows: 2
-- expect: method = immersion
-- expect: mean_percent = 1.02393 +- 0.001%
-- ---
SELECT I.method,
       AVG(100 * M.uncertainty_g_cm3 / M.density_g_cm3) AS mean_percent
FROM measurement AS M
JOIN instrument AS I ON I.instrument_id = M.instrument_id
GROUP BY I.method
ORDER BY mean_percent
