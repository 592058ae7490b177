-- What the groups of the environment tell of some symbols. One that no group knows gets a row only once it has a bar.
-- Massive's name is better than a group's, a group's sector and industry are of one set of words; nothing gives way to NULL.

WITH asked AS (
    SELECT DISTINCT symbol COLLATE "C" AS symbol FROM unnest(%(symbols)s::text[]) a (symbol)
), told AS (
    SELECT a.symbol, CASE WHEN f.id IS NOT NULL THEN 'ETF' END AS type, COALESCE(f.description, n.name) AS name,
           NULLIF(n.sector, 'unknown') AS sector, NULLIF(n.industry, 'Unknown') AS industry,
           CASE WHEN f.id IS NOT NULL
                  OR EXISTS (SELECT FROM environment_memberships m WHERE m.symbol = a.symbol) THEN 'groups'
                WHEN EXISTS (SELECT FROM ohlcv_daily d WHERE d.symbol = a.symbol)
                  OR EXISTS (SELECT FROM ohlcv_minute t WHERE t.symbol = a.symbol) THEN 'bars' END AS source
      FROM asked a
      LEFT JOIN environment_groups f ON f.type = 'ETF' AND f.name = a.symbol
      LEFT JOIN LATERAL (
          SELECT s.name, s.sector, s.industry
            FROM stock_sectors s
           WHERE s.symbol = a.symbol
           ORDER BY s.sector = 'unknown', s.sector COLLATE "C"
           LIMIT 1
      ) n ON true
), merged AS (
    SELECT t.symbol, COALESCE(t.type, s.type) AS type,
           CASE WHEN s.source IN ('groups', 'bars') THEN COALESCE(t.name, s.name)
                ELSE COALESCE(s.name, t.name) END AS name,
           COALESCE(t.sector, s.sector) AS sector, COALESCE(t.industry, s.industry) AS industry,
           CASE WHEN s.source IS NULL OR s.source = 'bars' THEN t.source ELSE s.source END AS source,
           s.symbol AS stored, s.type AS old_type, s.name AS old_name, s.sector AS old_sector,
           s.industry AS old_industry, s.source AS old_source
      FROM told t
      LEFT JOIN symbols s ON s.symbol = t.symbol
     WHERE t.source IS NOT NULL
)
INSERT INTO symbols AS s (symbol, type, name, sector, industry, source)
SELECT symbol, type, name, sector, industry, source
  FROM merged
 WHERE stored IS NULL
    OR (type, name, sector, industry, source) IS DISTINCT FROM (old_type, old_name, old_sector, old_industry, old_source)
 ORDER BY symbol
ON CONFLICT (symbol) DO UPDATE
   SET type = COALESCE(EXCLUDED.type, s.type),
       name = COALESCE(EXCLUDED.name, s.name),
       sector = COALESCE(EXCLUDED.sector, s.sector),
       industry = COALESCE(EXCLUDED.industry, s.industry),
       source = CASE WHEN s.source = 'massive' THEN s.source ELSE EXCLUDED.source END,
       updated_at = now()
