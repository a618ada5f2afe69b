-- request: Who referred Emil Hansen?
-- kind: sql
-- data: shop.sqlite
-- tags: self join, text value
-- expect-rows: 1
-- expect: name = Bruno Costa
-- ---
SELECT R.name
FROM customers AS C
JOIN customers AS R ON R.customer_id = C.referred_by
WHERE C.name = 'Emil Hansen'
