-- The runs by which this one holds again: the undo of its undo, and so on. Each by the group that it is so for.

SELECT DISTINCT u.undo
  FROM undo_chains u
  JOIN load_files f ON f.load_id = u.undo AND f.undone_by IS NULL
  JOIN planned_groups p ON p.group_id = f.group_id AND p.has_rows
 WHERE u.run = %(run)s AND NOT u.takes_back
   AND (%(type)s = 'SECTOR' OR NOT EXISTS (
           SELECT FROM planned_groups s WHERE s.group_id = f.group_id AND s.metadata ->> 'type' = 'SECTOR'))
 ORDER BY 1;
