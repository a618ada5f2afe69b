-- request: What is the mean density of silicon weighted by the inverse square of the uncertainty?
-- kind: sql
-- data: lab.sqlite
-- tags: weighted mean, join
-- expect-rows: 1
-- expect: mean_density_g_cm3 = 2.34385 +- 0.001%
-- ---
SELECT SUM(M.density_g_cm3 / (M.uncertainty_g_cm3 * M.uncertainty_g_cm3)) / SUM(1 / (M.uncertainty_g_cm3 * M.uncertainty_g_cm3)) AS mean_density_g_cm3
FROM measurement AS M
JOIN sample AS S ON S.sample_id = M.sample_id
WHERE S.material = 'silicon'
