-- request: What is the cheapest product of each category?
-- kind: sql
-- data: shop.sqlite
-- tags: per-group minimum, subquery
-- expect-rows: 4
-- expect: category = decoration
-- expect: name = vase
-- expect: price_eur = 27.5 +- 0.001%
-- ---
SELECT category,
       name,
       price_eur
FROM products AS P
WHERE price_eur = (
    SELECT MIN(price_eur)
    FROM products AS Q
    WHERE Q.category = P.category
)
ORDER BY category
