-- request: What is the average value of an order in euro?
-- kind: sql
-- data: shop.sqlite
-- tags: subquery, sum, average
-- expect-rows: 1
-- expect: mean_value_eur = 504.648 +- 0.001%
-- ---
SELECT AVG(value_eur) AS mean_value_eur
FROM (
    SELECT order_id,
           SUM(quantity * unit_price_eur) AS value_eur
    FROM order_lines
    GROUP BY order_id
)
