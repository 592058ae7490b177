-- The record of the loads must be whole, for integrity, undo and every question about the past rely on it: each run
-- that rows come from has its line and its number, each load that changed a group has its file on record, and the
-- figures of a file add up.

WITH origins AS MATERIALIZED (
    -- which runs the current rows and groups come from
    SELECT v.group_id, v.opened_by AS run
      FROM membership_versions v
     WHERE v.closed_by IS NULL AND v.group_id IN (SELECT id FROM environment_groups)
     GROUP BY v.group_id, v.opened_by
), files AS MATERIALIZED (
    SELECT g.type, g.name, f.*
      FROM environment_groups g
     CROSS JOIN LATERAL (SELECT * FROM last_files WHERE group_id = g.id LIMIT 1) f
), findings AS (
    SELECT NULL AS type, NULL AS name, format('run %s is not in load_runs, and rows come from it', run) AS found,
           format('INSERT INTO load_runs (id, kind) OVERRIDING SYSTEM VALUE VALUES (%s, ''manual'')', run) AS mend
      FROM (SELECT DISTINCT run FROM origins) o
     WHERE NOT EXISTS (SELECT FROM load_runs WHERE id = run)
    UNION ALL
    SELECT NULL, NULL, format('run %s has no number in data_version', r.id),
           format('INSERT INTO data_version (load_id) VALUES (%s)', r.id)
      FROM load_runs r
     WHERE NOT EXISTS (SELECT FROM data_version d WHERE d.load_id = r.id)
       AND (r.environment = current_environment() OR r.id IN (SELECT run FROM origins))
    UNION ALL
    SELECT g.type, g.name, format('load %s changed rows of %s, and its file is not on record', max(o.run), g.name),
           'python scripts/cache_maintenance/' || CASE g.type
               WHEN 'ETF' THEN 'load_etf_holdings.py'
                               || CASE WHEN g.name ~ '^[A-Z][A-Z0-9.]*$' THEN ' --etf ' || g.name ELSE '' END
               WHEN 'UNIVERSE' THEN 'load_universes.py'
               ELSE 'organize_universe.py' END || ' --mode full'
      FROM origins o
      JOIN load_runs r ON r.id = o.run AND r.kind = 'load' AND r.mode IN ('full', 'incremental')
      JOIN environment_groups g ON g.id = o.group_id AND g.type = r.type AND g.type <> 'SECTOR'
     WHERE o.run > COALESCE((SELECT load_id FROM load_files WHERE group_id = o.group_id  -- also one that was undone
                               ORDER BY id DESC LIMIT 1), 0)
     GROUP BY g.type, g.name
    UNION ALL
    SELECT type, name,
           format('the record of %s at load %s contradicts itself: %s lines, %s members (%s added, %s changed, %s'
                  ' unchanged, %s kept: %s), fingerprint %s, stored %s', name, load_id, rows, members, added, changed,
                  unchanged, kept, cardinality(kept_symbols), fingerprint, stored_fingerprint),
           format('DELETE FROM load_files WHERE id = %s', id)
      FROM files
     WHERE members > rows
        OR members NOT BETWEEN added + changed + unchanged AND added + changed + unchanged + kept
        OR kept <> cardinality(kept_symbols)
        OR kept + missing = 0 AND fingerprint <> stored_fingerprint
)
SELECT 'fail' AS severity, type AS group_type, name AS group_name, NULL AS symbol, found, mend
  FROM findings
 ORDER BY 1, 2, 3, 5;
