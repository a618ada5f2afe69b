-- request: Which product sold the most units?
-- kind: sql
-- data: shop.sqlite
-- tags: join, sum, group, top
-- expect-rows: 1
-- expect: name = vase
-- expect: units = 44
-- ---
SELECT P.name,
       SUM(L.quantity) AS units
FROM order_lines AS L
JOIN products AS P ON P.product_id = L.product_id
GROUP BY P.product_id
ORDER BY units DESC
LIMIT 1
