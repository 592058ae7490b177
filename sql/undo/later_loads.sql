-- Loads that have read files of the same groups since, and undos of what is older: they stand on what the run left.

SELECT f.load_id, array_agg(DISTINCT f.group_name ORDER BY f.group_name)
  FROM load_files f
  JOIN data_version n ON n.load_id = f.load_id
  JOIN load_runs r ON r.id = f.load_id
  LEFT JOIN data_version u ON u.load_id = r.undoes
 WHERE f.undone_by IS NULL
   AND n.version > (SELECT version FROM data_version WHERE load_id = %(run)s)
   AND (f.scope = 'present' OR f.scope = 'undo' AND u.version < (SELECT version FROM data_version WHERE load_id = %(run)s))
   AND f.group_id IN (SELECT group_id FROM planned_groups p
                       WHERE p.action IN ('added', 'changed', 'removed')
                          OR EXISTS (SELECT FROM planned_rows r WHERE r.no = p.no AND r.action <> 'kept'))
   AND f.group_id IN (SELECT group_id FROM load_files WHERE load_id = %(run)s)
 GROUP BY f.load_id
 ORDER BY f.load_id DESC;
