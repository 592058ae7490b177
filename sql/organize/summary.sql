-- The totals, as one more entry. There is no time in it: an entry that says the same is the same.

INSERT INTO wanted_entries (type, name, key, value)
SELECT 'stock_stats', 'universe', 'summary',
       jsonb_build_object(
           'environment', current_environment(),
           'stocks', count(*) FILTER (WHERE NOT is_fund),
           'stocks_with_market_cap', count(*) FILTER (WHERE NOT is_fund AND market_cap IS NOT NULL),
           'stocks_with_sector', count(*) FILTER (WHERE NOT is_fund AND sector <> 'unknown'),
           'total_market_cap', COALESCE(sum(market_cap) FILTER (WHERE NOT is_fund), 0),
           'etfs', count(*) FILTER (WHERE is_fund),
           'etfs_with_aum', count(*) FILTER (WHERE is_fund AND aum IS NOT NULL),
           'total_aum', COALESCE(sum(aum) FILTER (WHERE is_fund), 0),
           'market_cap', (SELECT jsonb_object_agg(key, value -> 'count') FROM wanted_entries WHERE name = 'market_cap'),
           'sectors', (SELECT COALESCE(jsonb_object_agg(sector, jsonb_build_object(
                                  'stocks', stocks, 'market_cap', COALESCE(market_cap, 0))), '{}')
                         FROM (SELECT sector, count(*) AS stocks, sum(market_cap) AS market_cap
                                 FROM organized_symbols WHERE NOT is_fund AND sector IS NOT NULL GROUP BY sector) each),
           'etf_universes', (SELECT jsonb_object_agg(key, value -> 'count')
                               FROM wanted_entries WHERE type = 'etf_universe' AND name <> 'complete'),
           'themes', (SELECT count(*) FROM wanted_entries WHERE type = 'themes'))
  FROM organized_symbols;
