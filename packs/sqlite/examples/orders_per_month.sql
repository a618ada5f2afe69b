-- request: How many orders were placed in each month of 2024?
-- kind: sql
-- data: shop.sqlite
-- tags: date, strftime, group, count
-- expect-rows: 12
-- expect: month = 2024-01
-- expect: n_orders = 5
-- ---
SELECT strftime('%Y-%m', ordered_on) AS month,
       COUNT(*) AS n_orders
FROM orders
WHERE strftime('%Y', ordered_on) = '2024'
GROUP BY month
ORDER BY month
