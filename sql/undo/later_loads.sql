-- Loads that have read files of the same groups since, and undos of what is older: they stand on what the run left. So
-- do files of the past: of days that the run has told of, and newer ones than the file that would be the last again.
-- And undos of older files of the past, which have said again what held before or after.

WITH run AS (
    SELECT version FROM data_version WHERE load_id = %(run)s
), told AS (
    SELECT opened_by AS run, group_id, valid_from, max(valid_to) AS valid_to
      FROM membership_versions
     WHERE group_id IN (SELECT group_id FROM planned_groups) AND symbol IS NOT NULL
       AND opened_by = closed_by AND version_span(closed_by - opened_by) = 0  -- which an index has
     GROUP BY opened_by, group_id, valid_from
), pasts_undone AS (
    SELECT u.undo, o.group_id
      FROM undo_chains u
      JOIN load_files o ON o.load_id = u.run AND o.scope = 'past'
      JOIN data_version d ON d.load_id = o.load_id AND d.version < (SELECT version FROM run)
     WHERE u.takes_back
), changed AS (
    SELECT group_id FROM planned_groups p
     WHERE p.action IN ('added', 'changed', 'removed')
        OR EXISTS (SELECT FROM planned_rows r WHERE r.no = p.no AND r.action <> 'kept')
)
SELECT f.load_id, array_agg(DISTINCT f.group_name ORDER BY f.group_name)
  FROM load_files t
  JOIN planned_groups p ON p.group_id = t.group_id
   AND (%(type)s = 'SECTOR' OR p.metadata ->> 'type' IS DISTINCT FROM 'SECTOR')  -- every load enters stocks there
  JOIN load_files f ON f.group_id = t.group_id
  JOIN data_version n ON n.load_id = f.load_id AND n.version > (SELECT version FROM run)
  JOIN load_runs r ON r.id = f.load_id
  LEFT JOIN data_version u ON u.load_id = r.undoes
 WHERE t.load_id = %(run)s AND f.undone_by IS NULL
   AND CASE
       WHEN t.undone_by IS NULL AND (f.scope = 'past' OR (f.load_id, f.group_id) IN (SELECT * FROM pasts_undone))
            AND EXISTS (
                SELECT
                  FROM told v
                  LEFT JOIN told w ON w.group_id = v.group_id AND w.run = f.load_id
                 WHERE v.group_id = f.group_id AND v.run = %(run)s
                   AND daterange(v.valid_from, v.valid_to, CASE f.scope WHEN 'past' THEN '[)' ELSE '[]' END)
                       && daterange(COALESCE(w.valid_from, f.as_of), COALESCE(w.valid_to, f.as_of + 1))) THEN true
       WHEN f.group_id NOT IN (SELECT group_id FROM changed) THEN false
       WHEN f.scope = 'past' THEN
           t.scope = 'present'
           AND f.as_of >= ALL (SELECT s.as_of FROM snapshots s
                                WHERE s.group_id = f.group_id AND s.scope = 'present' AND s.load_id <> %(run)s)
       ELSE f.scope = 'present' OR u.version < (SELECT version FROM run)
       END
 GROUP BY f.load_id
 ORDER BY f.load_id DESC;
