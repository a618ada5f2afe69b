-- request: Which product category has the longest average delivery time in days?
-- kind: sql
-- data: shop.sqlite
-- tags: join, date difference, average, top
-- expect-rows: 1
-- expect: category = stationery
-- expect: mean_days = 9.70588 +- 0.001%
-- ---
SELECT P.category,
       AVG(julianday(O.delivered_on) - julianday(O.ordered_on)) AS mean_days
FROM orders AS O
JOIN order_lines AS L ON L.order_id = O.order_id
JOIN products AS P ON P.product_id = L.product_id
WHERE O.delivered_on IS NOT NULL
GROUP BY P.category
ORDER BY mean_days DESC
LIMIT 1
