-- request: What is the running total of the revenue by month of order?
-- kind: sql
-- data: shop.sqlite
-- tags: window, running total, date, sum
-- expect-rows: 14
-- expect: month = 2023-11
-- expect: revenue_eur = 2118.34 +- 0.001%
-- expect: running_eur = 2118.34 +- 0.001%
-- ---
SELECT month,
       revenue_eur,
       SUM(revenue_eur) OVER (ORDER BY month) AS running_eur
FROM (
    SELECT strftime('%Y-%m', O.ordered_on) AS month,
           SUM(L.quantity * L.unit_price_eur) AS revenue_eur
    FROM orders AS O
    JOIN order_lines AS L ON L.order_id = O.order_id
    GROUP BY month
)
ORDER BY month
