-- The ten heaviest members of each fund; where weights are missing, the first by symbol follow. A stock in two
-- sectors shows both.

WITH described AS MATERIALIZED (
    SELECT symbol, max(name) AS name, string_agg(sector, ', ' ORDER BY sector) AS sector
      FROM stock_sectors
     GROUP BY symbol
), heaviest AS MATERIALIZED (
    SELECT g.name AS etf, h.symbol, h.weight
      FROM environment_groups g
     CROSS JOIN LATERAL (
          SELECT symbol, weight FROM group_memberships WHERE group_id = g.id
           ORDER BY weight DESC NULLS LAST, symbol LIMIT 10
      ) h
     WHERE g.type = 'ETF'
)
SELECT h.etf, h.symbol, d.name, d.sector, h.weight
  FROM heaviest h
  LEFT JOIN described d ON d.symbol = h.symbol
 ORDER BY h.etf, h.weight DESC NULLS LAST, h.symbol;
