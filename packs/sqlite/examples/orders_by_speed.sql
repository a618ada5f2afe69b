-- request: How many orders were delivered fast (within 5 days), slowly (more than 14 days) or normally?
-- kind: sql
-- data: shop.sqlite
-- tags: case, group, count, date difference
-- expect-rows: 3
-- expect: speed = normal
-- expect: n_orders = 23
-- ---
SELECT CASE
           WHEN julianday(delivered_on) - julianday(ordered_on) <= 5 THEN 'fast'
           WHEN julianday(delivered_on) - julianday(ordered_on) > 14 THEN 'slow'
           ELSE 'normal'
       END AS speed,
       COUNT(*) AS n_orders
FROM orders
WHERE delivered_on IS NOT NULL
GROUP BY speed
ORDER BY n_orders DESC
