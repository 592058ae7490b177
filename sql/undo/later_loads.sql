-- Loads that have read files of the same groups since, and undos of what is older: they stand on what the run left. So
-- do files of the past: of days that the run has told of, and newer ones than the file that would be the last again.

WITH run AS (
    SELECT version FROM data_version WHERE load_id = %(run)s
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
       WHEN f.scope = 'past' AND t.undone_by IS NULL AND EXISTS (
                SELECT FROM membership_versions v
                 WHERE v.group_id = f.group_id AND v.opened_by = %(run)s AND v.closed_by = %(run)s
                   AND v.symbol IS NOT NULL AND v.valid_from <= f.as_of AND v.valid_to > f.as_of) THEN true
       WHEN f.group_id NOT IN (SELECT group_id FROM changed) THEN false
       WHEN f.scope = 'past' THEN
           t.scope = 'present'
           AND f.as_of >= ALL (SELECT s.as_of FROM snapshots s
                                WHERE s.group_id = f.group_id AND s.scope = 'present' AND s.load_id <> %(run)s)
       ELSE f.scope = 'present' OR u.version < (SELECT version FROM run)
       END
 GROUP BY f.load_id
 ORDER BY f.load_id DESC;
