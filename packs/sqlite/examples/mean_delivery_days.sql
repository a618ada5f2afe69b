-- request: How many days does each carrier take on average to deliver an order?
-- kind: sql
-- data: shop.sqlite
-- tags: date difference, average, group
-- expect-rows: 3
-- expect: carrier = Swift
-- expect: mean_days = 5.35714 +- 0.001%
-- ---
SELECT carrier,
       AVG(julianday(delivered_on) - julianday(ordered_on)) AS mean_days
FROM orders
WHERE delivered_on IS NOT NULL
GROUP BY carrier
ORDER BY mean_days
