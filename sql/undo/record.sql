-- Put on record which groups were taken back; what the undone run had taken back itself holds again, and what that had
-- taken back does not, and so on.

INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint, stored_fingerprint, rows,
                        members, added, changed, removed, kept, kept_symbols, scope)
SELECT %(undo)s, p.group_id, p.name, '', 'undo', '', '', '', 0, 0,
       count(*) FILTER (WHERE r.action = 'added'), count(*) FILTER (WHERE r.action = 'changed'),
       count(*) FILTER (WHERE r.action = 'removed'), count(*) FILTER (WHERE r.action = 'kept'),
       COALESCE(array_agg(r.symbol::text ORDER BY r.symbol) FILTER (WHERE r.action = 'kept'), '{}'), 'undo'
  FROM planned_groups p
  LEFT JOIN planned_rows r USING (no)
 GROUP BY p.group_id, p.name;

WITH RECURSIVE chain AS (
    SELECT %(run)s::bigint AS run, %(undo)s::bigint AS by_run, true AS undone
    UNION ALL
    SELECT r.undoes, c.run, NOT c.undone
      FROM chain c
      JOIN load_runs r ON r.id = c.run
     WHERE r.undoes IS NOT NULL
)
UPDATE load_files f
   SET undone_by = CASE WHEN c.undone THEN c.by_run END
  FROM chain c
 CROSS JOIN planned_groups p
 WHERE f.load_id = c.run AND f.group_id = p.group_id
   AND (c.run = %(run)s OR f.undone_by IS NOT DISTINCT FROM CASE WHEN NOT c.undone THEN c.by_run END);
