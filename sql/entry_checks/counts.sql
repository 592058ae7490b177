-- The figures in the brackets of an analysis.

SELECT count(*) FILTER (WHERE NOT is_fund) AS stocks,
       count(*) FILTER (WHERE NOT is_fund AND is_loaded) AS loaded_stocks,
       count(market_cap) FILTER (WHERE NOT is_fund) AS stocks_with_market_cap,
       count(*) FILTER (WHERE is_fund) AS etfs,
       count(*) FILTER (WHERE is_fund AND is_loaded) AS loaded_etfs,
       (SELECT updated_at::timestamptz FROM cache_entries
         WHERE (type, name, key) = ('stock_stats', 'universe', 'summary')) AS organized_at
  FROM environment_symbols;
