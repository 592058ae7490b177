-- Every organised entry: how many symbols it has (NULL: it counts none), its size, and since when it is so.

SELECT type, name, key,
       CASE jsonb_typeof(value)
           WHEN 'array' THEN jsonb_array_length(value)
           WHEN 'object' THEN CASE WHEN value ->> 'count' ~ '^\d{1,9}$' THEN (value ->> 'count')::integer END
       END AS count,
       octet_length(value::text) AS bytes,
       updated_at::timestamptz
  FROM cache_entries
 WHERE type IN ('stock_universe', 'etf_universe', 'themes', 'stock_stats')
 ORDER BY type COLLATE "C", name COLLATE "C", key COLLATE "C";
