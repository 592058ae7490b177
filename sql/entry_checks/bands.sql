-- Stocks whose capitalisation is outside the band that lists them, or which no band lists; counts that are wrong.

WITH stocks AS (
    SELECT symbol,
           CASE WHEN market_cap >= 200e9 THEN 'mega_cap' WHEN market_cap >= 10e9 THEN 'large_cap'
                WHEN market_cap >= 2e9 THEN 'mid_cap' WHEN market_cap >= 300e6 THEN 'small_cap'
                ELSE 'micro_cap' END AS key
      FROM environment_symbols
     WHERE NOT is_fund AND is_loaded AND market_cap IS NOT NULL
), listed AS (
    SELECT key, symbol FROM entry_symbols WHERE type = 'stock_universe' AND name = 'market_cap'
), wrong AS (
    SELECT COALESCE(l.key, s.key) AS key, COALESCE(l.symbol, s.symbol) AS symbol,
           l.symbol IS NULL AS is_missing
      FROM stocks s FULL JOIN listed l ON l.symbol = s.symbol AND l.key = s.key
     WHERE l.symbol IS NULL OR s.symbol IS NULL
), grouped AS (
    SELECT key, is_missing, count(*) AS count, (array_agg(symbol ORDER BY symbol))[:10] AS first
      FROM wrong GROUP BY key, is_missing
), found AS (
    SELECT key, format('%s stocks %s: %s%s', count,
                       CASE WHEN is_missing THEN 'are missing whose market capitalisation is in this band'
                            ELSE 'are listed whose market capitalisation is not in this band' END,
                       array_to_string(first, ', '), CASE WHEN count > 10 THEN ', …' ELSE '' END) AS found
      FROM grouped
     UNION ALL
    SELECT e.key, format('count is %s, and %s stocks are listed', e.value ->> 'count', c.count)
      FROM cache_entries e
     CROSS JOIN LATERAL (SELECT count(*) FROM listed l WHERE l.key = e.key) c
     WHERE e.type = 'stock_universe' AND e.name = 'market_cap' AND e.value ->> 'count' IS DISTINCT FROM c.count::text
)
SELECT 'fail' AS severity, concat_ws(' | ', 'stock_universe', 'market_cap', key) AS entry, found,
       'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM found
 ORDER BY entry, found;
