-- Each theme stands twice with the same tickers, and there are entries where there are themes.

WITH lists AS (
    SELECT type, name, key, value
      FROM cache_entries
     WHERE type = 'themes' AND key = 'list' OR type = 'stock_universe' AND name = 'themes'
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
)
SELECT 'fail' AS severity, entry, found, 'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM found
 ORDER BY entry;
