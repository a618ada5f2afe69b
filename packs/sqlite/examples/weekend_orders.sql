-- request: How many orders were placed on a Saturday or Sunday?
-- kind: sql
-- data: shop.sqlite
-- tags: strftime, count, weekday
-- expect-rows: 1
-- expect: n_orders = 6
-- ---
SELECT COUNT(*) AS n_orders
FROM orders
WHERE strftime('%w', ordered_on) IN ('0', '6')
