-- request: What are the names of the customers from Sweden?
-- kind: sql
-- data: shop.sqlite
-- tags: filter, text value
-- expect-rows: 3
-- expect: name = Anna Lindqvist
-- ---
SELECT name
FROM customers
WHERE country = 'Sweden'
ORDER BY name
