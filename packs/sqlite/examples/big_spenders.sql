-- request: Which customers spent more than the average customer who ordered something?
-- kind: sql
-- data: shop.sqlite
-- tags: with, subquery, average, join
-- expect-rows: 5
-- expect: name = Lars Berg
-- expect: total_eur = 5219.7 +- 0.001%
-- ---
WITH spending AS (
    SELECT O.customer_id,
           SUM(L.quantity * L.unit_price_eur) AS total_eur
    FROM orders AS O
    JOIN order_lines AS L ON L.order_id = O.order_id
    GROUP BY O.customer_id
)
SELECT C.name,
       S.total_eur
FROM spending AS S
JOIN customers AS C ON C.customer_id = S.customer_id
WHERE S.total_eur > (
    SELECT AVG(total_eur)
    FROM spending
)
ORDER BY S.total_eur DESC
