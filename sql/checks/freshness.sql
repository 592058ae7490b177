-- Data that has grown old: files whose as-of date is 45 days back (or lies in the future, and then stops every later
-- file), and sources that did not change for three weeks in which at least half of their peers did.
-- Peers are the groups of a type that a load read, without lists that have no weights: a list may rightly stay the
-- same. A theme that stays behind has no line in themes.csv any more.

WITH reads AS (
    SELECT f.group_id, f.id, f.as_of, f.checksum, r.started_at,
           lag(f.checksum) OVER (PARTITION BY f.group_id ORDER BY f.id) AS checksum_before
      FROM load_files f
      JOIN load_runs r ON r.id = f.load_id
     WHERE f.scope = 'present' AND f.undone_by IS NULL
), sources AS (
    -- of each group the load that found the file as it is now; a first load is no change
    SELECT DISTINCT ON (group_id) g.type, g.name, started_at AS changed_at, checksum_before IS NOT NULL AS changed
      FROM reads
      JOIN environment_groups g ON g.id = group_id
     WHERE checksum IS DISTINCT FROM checksum_before
       AND (g.type = 'THEME' AND g.metadata ->> 'source' IS DISTINCT FROM 'cache_entries'
            OR g.type = 'ETF' AND EXISTS (SELECT FROM group_memberships m
                                           WHERE m.group_id = g.id AND m.weight IS NOT NULL))
     ORDER BY group_id, reads.id DESC
), compared AS (
    SELECT type, name, changed_at, count(*) OVER (PARTITION BY type) - 1 AS peers,
           count(*) FILTER (WHERE changed) OVER (
               PARTITION BY type ORDER BY changed_at
               RANGE BETWEEN INTERVAL '21 days' FOLLOWING AND UNBOUNDED FOLLOWING) AS ahead
      FROM sources
), dated AS (
    SELECT g.type, g.name, f.as_of
      FROM environment_groups g
     CROSS JOIN LATERAL (SELECT as_of FROM last_files WHERE group_id = g.id LIMIT 1) f
     WHERE g.type IN ('ETF', 'UNIVERSE', 'THEME')
       AND (f.as_of < CURRENT_DATE - 45 OR f.as_of > CURRENT_DATE + 1)
), findings AS (
    SELECT type, name,
           CASE WHEN as_of < CURRENT_DATE
                THEN format('the last file of %s is as of %s, %s days ago; download it again', name, as_of,
                            CURRENT_DATE - as_of)
                ELSE format('the last file of %s is as of %s, which lies in the future', name, as_of) END AS found
      FROM dated
    UNION ALL
    SELECT type, name,
           CASE type WHEN 'THEME' THEN format('the theme %s has no line in themes.csv since %s', name, changed_at::date)
                ELSE format('the file of %s did not change since %s, those of %s of %s other funds did; download it again',
                            name, changed_at::date, ahead, peers) END
      FROM compared
     WHERE ahead > 0 AND 2 * ahead >= peers
)
SELECT 'warn' AS severity, type AS group_type, name AS group_name, NULL AS symbol, found,
       'python scripts/cache_maintenance/' || CASE type
           WHEN 'ETF' THEN 'load_etf_holdings.py'
                           || CASE WHEN name ~ '^[A-Z][A-Z0-9.]*$' THEN ' --etf ' || name ELSE ' --mode incremental' END
           WHEN 'UNIVERSE' THEN 'load_universes.py --mode incremental'
           ELSE 'organize_universe.py --mode full' END AS mend
  FROM findings
 ORDER BY 1, 2, 3, 4, 5;
