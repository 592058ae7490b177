-- The runs by which this one holds again: the undo of its undo, and so on. Each by the group that it is so for.

WITH RECURSIVE chain AS (
    SELECT u.id, f.group_id, false AS holds
      FROM load_runs u
      JOIN load_files f ON f.load_id = u.id
      JOIN planned_groups p ON p.group_id = f.group_id AND p.has_rows
     WHERE u.undoes = %(run)s
    UNION ALL
    SELECT u.id, f.group_id, NOT c.holds
      FROM chain c
      JOIN load_runs u ON u.undoes = c.id
      JOIN load_files f ON f.load_id = u.id AND f.group_id = c.group_id
)
SELECT DISTINCT c.id
  FROM chain c
  JOIN load_files f ON f.load_id = c.id AND f.group_id = c.group_id AND f.undone_by IS NULL
 WHERE c.holds
   AND (%(type)s = 'SECTOR' OR NOT EXISTS (
           SELECT FROM planned_groups p WHERE p.group_id = c.group_id AND p.metadata ->> 'type' = 'SECTOR'))
 ORDER BY 1;
