-- The leaders of the market and of each sector are its largest stocks, in order; and each list that comes with a count
-- has the shape of its category, and as many symbols as it counts (those of the bands: bands.sql).

WITH stocks AS (
    SELECT symbol, sector, row_number() OVER (ORDER BY market_cap DESC, symbol) AS place,
           row_number() OVER (PARTITION BY sector ORDER BY market_cap DESC, symbol) AS place_in_sector
      FROM environment_symbols
     WHERE NOT is_fund AND market_cap IS NOT NULL
), lists AS (
    SELECT type, name, key, value, value -> CASE type WHEN 'etf_universe' THEN 'etfs' ELSE 'stocks' END AS list
      FROM cache_entries
     WHERE type = 'stock_universe' AND name IN ('market_leaders', 'sector_leaders') AND key LIKE 'top\_%'
        OR type = 'stock_universe' AND name = 'industry' AND key IN ('banks', 'insurance', 'software', 'retail')
        OR type = 'etf_universe' AND name LIKE '% ETFs' AND key LIKE 'etf\_%'
), wanted AS (
    SELECT 'market_leaders' AS name, k.key, jsonb_agg(s.symbol ORDER BY s.place) AS list
      FROM (VALUES ('top_10_stocks', 10), ('top_50', 50), ('top_100', 100), ('top_250', 250), ('top_500', 500)) k (key, first)
      LEFT JOIN stocks s ON s.place <= k.first
     GROUP BY k.key
     UNION ALL
    SELECT 'sector_leaders', 'top_10_' || k.name, jsonb_agg(s.symbol ORDER BY s.place)
      FROM (VALUES ('technology', 'information_technology'), ('healthcare', 'health_care'),
                   ('financial_services', 'financials'), ('consumer_discretionary', 'consumer_discretionary'),
                   ('communication_services', 'communication_services'), ('industrials', 'industrials'),
                   ('consumer_staples', 'consumer_staples'), ('energy', 'energy'), ('utilities', 'utilities'),
                   ('real_estate', 'real_estate'), ('materials', 'materials')) k (name, sector)
      LEFT JOIN stocks s ON s.sector = k.sector AND s.place_in_sector <= 10
     GROUP BY k.name
), compared AS (
    SELECT l.type, l.name, l.key, d.place, d.listed, d.wanted
      FROM lists l
      JOIN wanted w USING (name, key)
     CROSS JOIN LATERAL (
         SELECT place, f.symbol AS listed, x.symbol AS wanted
           FROM jsonb_array_elements_text(l.list) WITH ORDINALITY f (symbol, place)
           FULL JOIN jsonb_array_elements_text(CASE WHEN w.list = '[null]' THEN '[]' ELSE w.list END)
                     WITH ORDINALITY x (symbol, place) USING (place)
          WHERE f.symbol IS DISTINCT FROM x.symbol
          ORDER BY place
          LIMIT 1) d
     WHERE jsonb_typeof(l.list) = 'array'
), found AS (
    SELECT type, name, key, format('its stocks are not the largest: place %s has %s, expected %s', place,
                                   COALESCE(listed, 'nothing'), COALESCE(wanted, 'nothing')) AS found
      FROM compared
     UNION ALL
    SELECT type, name, key, format('found no array under %s, expected one beside a count',
                                   CASE type WHEN 'etf_universe' THEN 'etfs' ELSE 'stocks' END)
      FROM lists WHERE jsonb_typeof(list) IS DISTINCT FROM 'array'
     UNION ALL
    SELECT type, name, key, format('count is %s, and %s are listed', COALESCE(value ->> 'count', 'missing'),
                                   jsonb_array_length(list))
      FROM lists
     WHERE jsonb_typeof(list) = 'array' AND value ->> 'count' IS DISTINCT FROM jsonb_array_length(list)::text
)
SELECT 'fail' AS severity, concat_ws(' | ', type, name, key) AS entry, found,
       'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM found
 ORDER BY entry, found;
