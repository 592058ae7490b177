-- How many stocks of the environment have a sector, by count and by weight. `unknown` is no sector; a stock in two
-- sectors counts once. Weights are sums over all funds, in percent of a fund each: only their shares mean something.

WITH stocks AS (
    SELECT symbol,
           COALESCE(sum(weight) FILTER (WHERE type = 'ETF'), 0) AS weight,
           CASE WHEN bool_or(type = 'SECTOR' AND group_name <> 'unknown') THEN 'classified'
                WHEN bool_or(type = 'SECTOR') THEN 'unknown'
                ELSE 'unassigned'
           END AS state
      FROM environment_memberships m
     WHERE NOT EXISTS (SELECT FROM environment_groups f WHERE f.type = 'ETF' AND f.name = m.symbol)
     GROUP BY symbol
)
SELECT count(*) AS stocks,
       count(*) FILTER (WHERE state = 'classified') AS classified,
       count(*) FILTER (WHERE state = 'unknown') AS unknown,
       count(*) FILTER (WHERE state = 'unassigned') AS unassigned,
       COALESCE(sum(weight), 0) AS weight,
       COALESCE(sum(weight) FILTER (WHERE state = 'classified'), 0) AS weight_classified,
       COALESCE(sum(weight) FILTER (WHERE state = 'unknown'), 0) AS weight_unknown,
       COALESCE(sum(weight) FILTER (WHERE state = 'unassigned'), 0) AS weight_unassigned
  FROM stocks;
