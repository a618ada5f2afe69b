-- request: How many orders did each customer place, also those who placed none?
-- kind: sql
-- data: shop.sqlite
-- tags: left join, count, group
-- expect-rows: 14
-- expect: name = Anna Lindqvist
-- expect: n_orders = 6
-- ---
SELECT C.name,
       COUNT(O.order_id) AS n_orders
FROM customers AS C
LEFT JOIN orders AS O ON O.customer_id = C.customer_id
GROUP BY C.customer_id
ORDER BY n_orders DESC, C.name
