-- request: Which products have 'lamp' in their name?
-- kind: sql
-- data: shop.sqlite
-- tags: like, filter
-- expect-rows: 2
-- expect: name = desk lamp
-- expect: price_eur = 39.5 +- 0.001%
-- ---
SELECT name,
       price_eur
FROM products
WHERE name LIKE '%lamp%'
ORDER BY name
