-- The complete lists are arrays: of tickers, or (top_1000, top_100) of objects that have a symbol, as many as there can
-- be. None has one twice.

WITH expected (type, key, kind, most) AS (VALUES
    ('stock_universe', 'top_1000', 'object', 1000), ('stock_universe', 'all_stocks', 'string', NULL),
    ('etf_universe', 'top_100', 'object', 100), ('etf_universe', 'all_etfs', 'string', NULL)
), lists AS (
    SELECT x.*, e.value
      FROM expected x JOIN cache_entries e ON e.type = x.type AND e.name = 'complete' AND e.key = x.key
), items AS (
    SELECT l.type, l.key, l.most, count(*) AS count,
           count(*) FILTER (WHERE jsonb_typeof(i.item) <> l.kind
                               OR l.kind = 'object' AND jsonb_typeof(i.item -> 'symbol') IS DISTINCT FROM 'string')
               AS misshapen,
           count(*) - count(DISTINCT COALESCE(i.item ->> 'symbol', i.item #>> '{}')) AS twice
      FROM lists l
     CROSS JOIN LATERAL jsonb_array_elements(
               CASE jsonb_typeof(l.value) WHEN 'array' THEN l.value ELSE '[]' END) i (item)
     GROUP BY l.type, l.key, l.most
), found AS (
    SELECT type, key, format('found a JSON %s, expected an array', jsonb_typeof(value)) AS found
      FROM lists WHERE jsonb_typeof(value) <> 'array'
     UNION ALL
    SELECT type, key, format('%s of %s items are no %s', misshapen, count,
                             CASE WHEN key LIKE 'top%' THEN 'object with a symbol' ELSE 'ticker' END)
      FROM items WHERE misshapen > 0
     UNION ALL
    SELECT type, key, format('%s items are there twice', twice) FROM items WHERE twice > 0
     UNION ALL
    SELECT l.type, l.key, format('found %s items, expected %s', COALESCE(i.count, 0), k.count)
      FROM lists l
      LEFT JOIN items i USING (type, key)
      JOIN (SELECT is_fund, count(*) AS count FROM environment_symbols GROUP BY is_fund) s
        ON s.is_fund = (l.type = 'etf_universe')
     CROSS JOIN LATERAL (SELECT LEAST(l.most, s.count) AS count) k
     WHERE l.most IS NOT NULL AND COALESCE(i.count, 0) <> k.count
)
SELECT 'fail' AS severity, concat_ws(' | ', type, 'complete', key) AS entry, found,
       'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM found
 ORDER BY entry, found;
