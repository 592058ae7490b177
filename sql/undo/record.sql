-- Put on record which groups were taken back; what the undone run had taken back itself holds again.

INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint, stored_fingerprint, rows,
                        members, added, changed, removed, kept, kept_symbols, scope)
SELECT %(undo)s, p.group_id, p.name, '', 'undo', '', '', '', 0, 0,
       count(*) FILTER (WHERE r.action = 'added'), count(*) FILTER (WHERE r.action = 'changed'),
       count(*) FILTER (WHERE r.action = 'removed'), count(*) FILTER (WHERE r.action = 'kept'),
       COALESCE(array_agg(r.symbol::text ORDER BY r.symbol) FILTER (WHERE r.action = 'kept'), '{}'), 'undo'
  FROM planned_groups p
  LEFT JOIN planned_rows r USING (no)
 GROUP BY p.group_id, p.name;

UPDATE load_files f
   SET undone_by = %(undo)s
  FROM planned_groups p
 WHERE f.load_id = %(run)s AND f.group_id = p.group_id;

UPDATE load_files f
   SET undone_by = NULL
  FROM planned_groups p
 WHERE f.group_id = p.group_id AND f.undone_by = %(run)s;
