-- request: Which customers ordered lighting but no furniture?
-- kind: sql
-- data: shop.sqlite
-- tags: except, join, set
-- expect-rows: 3
-- expect: name = Anna Lindqvist
-- ---
SELECT C.name
FROM customers AS C
JOIN orders AS O ON O.customer_id = C.customer_id
JOIN order_lines AS L ON L.order_id = O.order_id
JOIN products AS P ON P.product_id = L.product_id
WHERE P.category = 'lighting'
EXCEPT
SELECT C.name
FROM customers AS C
JOIN orders AS O ON O.customer_id = C.customer_id
JOIN order_lines AS L ON L.order_id = O.order_id
JOIN products AS P ON P.product_id = L.product_id
WHERE P.category = 'furniture'
