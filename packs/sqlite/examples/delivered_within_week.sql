-- request: What percentage of the delivered orders arrived within 7 days?
-- kind: sql
-- data: shop.sqlite
-- tags: ratio, percent, case, date difference
-- expect-rows: 1
-- expect: percent = 37.7778 +- 0.001%
-- ---
SELECT 100.0 * SUM(CASE WHEN julianday(delivered_on) - julianday(ordered_on) <= 7 THEN 1 ELSE 0 END) / COUNT(*) AS percent
FROM orders
WHERE delivered_on IS NOT NULL
