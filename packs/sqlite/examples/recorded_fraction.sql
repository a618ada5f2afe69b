-- request: What fraction of the delivered luminosity was recorded?
-- kind: sql
-- data: runs.sqlite
-- tags: ratio, sum
-- expect-rows: 1
-- expect: recorded_fraction = 0.921773 +- 0.001%
-- ---
SELECT SUM(recorded_nb) / SUM(delivered_nb) AS recorded_fraction
FROM lumi_block
