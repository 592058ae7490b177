-- What a job can be started for: the groups, and the lists of cache_entries that name symbols.
WITH groups AS (
    SELECT CASE g.type WHEN 'UNIVERSE' THEN 1 WHEN 'ETF' THEN 3 WHEN 'SECTOR' THEN 4 ELSE 5 END AS place,
           g.type || ' ' || g.name AS universe, g.type AS kind, g.name, count(m.symbol) AS symbols
      FROM environment_groups g
      LEFT JOIN environment_memberships m ON m.group_id = g.id
     GROUP BY g.id, g.type, g.name
),
lists AS (
    SELECT 2 AS place, name || ' ' || key AS universe, name AS kind, key AS name, count(symbol) AS symbols
      FROM entry_symbols
     WHERE type = 'stock_universe' AND name = 'market_leaders'
        OR type = 'etf_universe' AND key IN ('all_etfs', 'top_100')
     GROUP BY type, name, key
)
SELECT universe, kind, name, symbols
  FROM (SELECT * FROM groups UNION ALL SELECT * FROM lists) every_choice
 WHERE symbols > 0
 ORDER BY place, CASE place WHEN 2 THEN symbols ELSE 0 END, name
