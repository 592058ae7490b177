-- 90 % of the symbols that are loaded stand in a category: a stock in any but the complete lists, which hold
-- everything; a fund in an ETF universe or, since funds of other kinds have none, in the complete list.

WITH loaded AS (
    SELECT symbol, is_fund, market_cap FROM environment_symbols WHERE is_loaded
), listed AS (
    SELECT DISTINCT symbol, type = 'etf_universe' AS is_fund
      FROM entry_symbols
     WHERE type = 'etf_universe' OR name <> 'complete'
), uncovered AS (
    SELECT l.symbol, NOT l.is_fund AND l.market_cap IS NULL AS lacks_cap
      FROM loaded l
     WHERE NOT EXISTS (SELECT FROM listed e WHERE e.symbol = l.symbol AND e.is_fund = l.is_fund)
), counted AS (
    SELECT (SELECT count(*) FROM loaded) AS loaded, count(*) AS missing, count(*) FILTER (WHERE lacks_cap) AS capless,
           (array_agg(symbol ORDER BY symbol))[:10] AS first
      FROM uncovered
)
SELECT 'fail' AS severity, NULL AS entry,
       CASE WHEN loaded = 0 THEN 'the table symbols has no stock and no fund'
            ELSE format('%s of %s loaded symbols (%s %%) stand in no category, expected 10 %% at most; %s of them are '
                        'stocks without a market capitalisation: %s%s',
                        missing, loaded, round(100.0 * missing / loaded, 1), capless, array_to_string(first, ', '),
                        CASE WHEN missing > 10 THEN ', …' ELSE '' END) END AS found,
       CASE WHEN loaded = 0 OR capless > missing / 2
            THEN 'load symbols with MASSIVE_API_KEY set, for sector and market cap (a job of '
                 '/admin/historical-data), then: '
            ELSE '' END || 'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM counted
 WHERE loaded = 0 OR missing > 0.1 * loaded;
