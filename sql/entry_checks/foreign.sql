-- What else lives in the table, which organising does not touch.

SELECT type, count(*)
  FROM cache_entries
 WHERE type NOT IN ('stock_universe', 'etf_universe', 'themes', 'stock_stats')
 GROUP BY type
 ORDER BY type COLLATE "C";
