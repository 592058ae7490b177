-- The entries that are always there, and those that no rule asks for.

WITH expected (type, name, key) AS (
    SELECT 'stock_universe', 'market_cap', unnest(ARRAY['mega_cap', 'large_cap', 'mid_cap', 'small_cap', 'micro_cap'])
     UNION ALL
    SELECT 'stock_universe', 'market_leaders',
           unnest(ARRAY['top_10_stocks', 'top_50', 'top_100', 'top_250', 'top_500'])
     UNION ALL
    SELECT 'stock_universe', 'industry', unnest(ARRAY['banks', 'insurance', 'software', 'retail'])
     UNION ALL
    SELECT 'stock_universe', 'complete', unnest(ARRAY['top_1000', 'all_stocks'])
     UNION ALL
    SELECT 'etf_universe', 'complete', unnest(ARRAY['top_100', 'all_etfs'])
     UNION ALL
    SELECT 'etf_universe', * FROM (VALUES
        ('Broad Market ETFs', 'etf_broad_market'), ('Sector ETFs', 'etf_sectors'), ('Growth ETFs', 'etf_growth'),
        ('Value ETFs', 'etf_value'), ('Technology ETFs', 'etf_technology'), ('Bond ETFs', 'etf_bonds'),
        ('Commodity ETFs', 'etf_commodities')) funds
     UNION ALL
    SELECT 'stock_stats', 'universe', 'summary'
), compared AS (
    SELECT COALESCE(x.type, e.type) AS type, COALESCE(x.name, e.name) AS name, COALESCE(x.key, e.key) AS key,
           e.type IS NULL AS is_missing
      FROM expected x
      FULL JOIN (SELECT * FROM cache_entries
                  WHERE type IN ('stock_universe', 'etf_universe', 'themes', 'stock_stats')
                    AND type <> 'themes' AND name NOT IN ('themes', 'sector_leaders')) e
        ON (e.type, e.name, e.key) = (x.type, x.name, x.key)
     WHERE x.type IS NULL OR e.type IS NULL
)
SELECT CASE WHEN is_missing THEN 'fail' ELSE 'warn' END AS severity,
       concat_ws(' | ', type, name, key) AS entry,
       CASE WHEN is_missing THEN 'the entry is missing'
            ELSE 'no rule asks for the entry; replacing removes it, --no-delete keeps it' END AS found,
       CASE WHEN is_missing THEN 'python scripts/maintenance/run_cache_synchronization.py --no-delete'
            ELSE 'python scripts/maintenance/run_cache_synchronization.py' END AS mend
  FROM compared
 ORDER BY 1, 2;
