-- request: How many different countries do the customers come from?
-- kind: sql
-- data: shop.sqlite
-- tags: distinct, count
-- expect-rows: 1
-- expect: n_countries = 11
-- ---
SELECT COUNT(DISTINCT country) AS n_countries
FROM customers
