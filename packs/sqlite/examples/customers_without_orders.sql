-- request: Which customers have never ordered anything?
-- kind: sql
-- data: shop.sqlite
-- tags: left join, null
-- expect-rows: 3
-- expect: name = Karla Ruiz
-- ---
SELECT C.name
FROM customers AS C
LEFT JOIN orders AS O ON O.customer_id = C.customer_id
WHERE O.order_id IS NULL
ORDER BY C.name
