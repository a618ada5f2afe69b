-- request: Which products were never ordered?
-- kind: sql
-- data: shop.sqlite
-- tags: not exists
-- expect-rows: 1
-- expect: name = coat rack
-- ---
SELECT name
FROM products AS P
WHERE NOT EXISTS (
    SELECT 1
    FROM order_lines AS L
    WHERE L.product_id = P.product_id
)
