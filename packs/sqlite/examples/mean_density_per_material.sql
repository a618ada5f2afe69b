-- request: What is the mean density of each material, from accepted measurements only?
-- kind: sql
-- data: lab.sqlite
-- tags: join, average, group, filter
-- expect-rows: 5
-- expect: material = copper
-- expect: mean_density_g_cm3 = 8.92733 +- 0.001%
-- ---
SELECT S.material,
       AVG(M.density_g_cm3) AS mean_density_g_cm3
FROM measurement AS M
JOIN sample AS S ON S.sample_id = M.sample_id
WHERE M.accepted = 1
GROUP BY S.material
ORDER BY S.material
