-- request: What is the total revenue of each product category?
-- kind: sql
-- data: shop.sqlite
-- tags: join, sum, group
-- expect-rows: 4
-- expect: category = furniture
-- expect: revenue_eur = 16970.2 +- 0.001%
-- ---
SELECT P.category,
       SUM(L.quantity * L.unit_price_eur) AS revenue_eur
FROM order_lines AS L
JOIN products AS P ON P.product_id = L.product_id
GROUP BY P.category
ORDER BY revenue_eur DESC
