-- Put on record which groups were taken back; what the undone run had taken back itself holds again. If that is an
-- undo too, what it took back is taken back again, and so on.

INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint, stored_fingerprint, rows,
                        members, added, changed, removed, kept, kept_symbols, scope)
SELECT %(undo)s, p.group_id, p.name, '', 'undo', '', '', '', 0, 0,
       COALESCE(r.added, 0), COALESCE(r.changed, 0), COALESCE(r.removed, 0), COALESCE(r.kept, 0),
       COALESCE(k.symbols, '{}'), 'undo'
  FROM planned_groups p
  LEFT JOIN (
    SELECT no, count(*) FILTER (WHERE action = 'added') AS added, count(*) FILTER (WHERE action = 'changed') AS changed,
           count(*) FILTER (WHERE action = 'removed') AS removed, count(*) FILTER (WHERE action = 'kept') AS kept
      FROM planned_rows
     GROUP BY no
  ) r USING (no)
  LEFT JOIN (
    SELECT no, array_agg(symbol::text ORDER BY symbol) AS symbols FROM planned_rows WHERE action = 'kept' GROUP BY no
  ) k USING (no)
 WHERE p.has_rows;

WITH RECURSIVE chain AS (
    SELECT f.load_id, f.group_id, true AS taken_back, %(undo)s::bigint AS by_run
      FROM load_files f
      JOIN planned_groups p USING (group_id)
     WHERE f.load_id = %(run)s AND p.has_rows
    UNION ALL
    SELECT f.load_id, f.group_id, NOT c.taken_back, c.load_id
      FROM chain c
      JOIN load_runs r ON r.id = c.load_id
      JOIN load_files f ON f.load_id = r.undoes AND f.group_id = c.group_id
     WHERE f.undone_by IS NOT DISTINCT FROM CASE WHEN c.taken_back THEN c.load_id END
)
UPDATE load_files f
   SET undone_by = CASE WHEN c.taken_back THEN c.by_run END
  FROM chain c
 WHERE f.load_id = c.load_id AND f.group_id = c.group_id;
