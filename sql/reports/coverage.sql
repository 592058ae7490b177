-- How many stocks of the environment have a sector, by count and by weight. `unknown` is no sector; a stock in two
-- sectors counts once. Weights are sums over all funds, in percent of a fund each: only their shares mean something.

WITH sectors AS (
    SELECT symbol, bool_or(sector <> 'unknown') AS classified
      FROM stock_sectors
     GROUP BY symbol
), weights AS (
    SELECT symbol, sum(weight) AS weight
      FROM environment_memberships
     WHERE type = 'ETF'
     GROUP BY symbol
), stocks AS (
    SELECT COALESCE(w.weight, 0) AS weight,
           CASE WHEN c.classified THEN 'classified'
                WHEN c.symbol IS NOT NULL THEN 'unknown'
                ELSE 'unassigned'
           END AS state
      FROM environment_stocks s
      LEFT JOIN sectors c USING (symbol)
      LEFT JOIN weights w USING (symbol)
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
