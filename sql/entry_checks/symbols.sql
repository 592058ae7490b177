-- The entries against the symbols: stocks and funds that the complete lists lack, and entries that name symbols which
-- neither the symbols nor the groups know.

WITH known AS (
    SELECT symbol, is_fund FROM environment_symbols
), lists (type, key, is_fund) AS (VALUES
    ('stock_universe', 'all_stocks', false), ('etf_universe', 'all_etfs', true)
), wrong AS (
    SELECT l.type, 'complete' AS name, l.key, 'missing' AS what, k.symbol
      FROM lists l
      JOIN known k ON k.is_fund = l.is_fund
     WHERE NOT EXISTS (SELECT FROM entry_symbols e
                        WHERE e.type = l.type AND e.name = 'complete' AND e.key = l.key AND e.symbol = k.symbol)
     UNION ALL
    SELECT e.type, e.name, e.key, 'unknown', e.symbol
      FROM entry_symbols e
     WHERE NOT EXISTS (SELECT FROM known k WHERE k.symbol = e.symbol)
       AND NOT EXISTS (SELECT FROM environment_memberships m WHERE m.symbol = e.symbol AND m.type = 'THEME')
)
SELECT 'fail' AS severity, concat_ws(' | ', type, name, key) AS entry,
       format(CASE what WHEN 'missing' THEN '%s of the symbols and groups are missing in it: %s%s'
                        ELSE 'it names %s that neither symbols nor groups have: %s%s' END,
              count(*), array_to_string((array_agg(symbol ORDER BY symbol))[:10], ', '),
              CASE WHEN count(*) > 10 THEN ', …' ELSE '' END) AS found,
       'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM wrong
 GROUP BY type, name, key, what
 ORDER BY 2, 3;
