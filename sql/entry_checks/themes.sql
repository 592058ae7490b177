-- Each theme stands twice with the same tickers, there are entries where there are themes, and one has all members of
-- each (two groups may share it).

WITH lists AS (
    SELECT type, name, key, value
      FROM cache_entries
     WHERE type = 'themes' AND key = 'list' OR type = 'stock_universe' AND name = 'themes'
), themes AS (
    SELECT group_id, group_name, symbol, count(*) OVER (PARTITION BY group_id) AS size
      FROM environment_memberships
     WHERE type = 'THEME'
), told AS (
    SELECT DISTINCT t.group_id
      FROM themes t
      JOIN entry_symbols e ON e.type = 'themes' AND e.symbol = t.symbol
     GROUP BY t.group_id, t.size, e.name, e.key
    HAVING count(DISTINCT t.symbol) = t.size
), found AS (
    SELECT concat_ws(' | ', l.type, l.name, l.key) AS entry,
           CASE WHEN jsonb_typeof(l.value) = 'array'
                THEN 'its tickers stand in no entry of the other kind '
                     '(themes | NAME | list, stock_universe | themes | KEY)'
                ELSE format('found a JSON %s, expected an array', jsonb_typeof(l.value)) END AS found
      FROM lists l
     WHERE jsonb_typeof(l.value) <> 'array'
        OR NOT EXISTS (SELECT FROM lists o WHERE o.type <> l.type AND o.value = l.value)
     UNION ALL
    SELECT NULL, format('%s themes are stored, and no entry has one', count(*))
      FROM environment_groups
     WHERE type = 'THEME'
    HAVING count(*) > 0 AND NOT EXISTS (SELECT FROM lists)
     UNION ALL
    SELECT NULL, format('no entry has all %s members of the theme %s', max(size), group_name)
      FROM themes t
     WHERE NOT EXISTS (SELECT FROM told WHERE told.group_id = t.group_id) AND EXISTS (SELECT FROM lists)
     GROUP BY group_id, group_name
)
SELECT 'fail' AS severity, entry, found, 'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM found
 ORDER BY entry;
