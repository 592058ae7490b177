-- Which of these runs were taken back, by which run, and for which groups. An undo that was taken back itself no
-- longer counts. Whole: the run touched no other group, sectors that stocks enter with a load of another type aside.

WITH undone AS (
    SELECT f.load_id AS run, f.undone_by AS by_run, f.group_id, f.group_name
      FROM load_files f
     WHERE f.load_id = ANY (%(runs)s) AND f.undone_by IS NOT NULL
    UNION
    SELECT u.undoes, u.id, f.group_id, f.group_name
      FROM load_runs u
      JOIN load_files f ON f.load_id = u.id AND f.scope = 'undo' AND f.undone_by IS NULL
     WHERE u.undoes = ANY (%(runs)s)
), gathered AS (
    SELECT run, by_run, array_agg(group_id) AS ids, array_agg(group_name ORDER BY group_name) AS names
      FROM undone
     GROUP BY run, by_run
)
SELECT u.run, u.by_run, u.names,
       NOT EXISTS (
           SELECT
             FROM (SELECT DISTINCT group_id FROM membership_versions WHERE opened_by = u.run OR closed_by = u.run) t
            WHERE t.group_id <> ALL (u.ids)
              AND (r.type = 'SECTOR' OR r.type IS NULL OR NOT EXISTS (
                      SELECT FROM membership_versions s
                       WHERE s.group_id = t.group_id AND s.symbol IS NULL AND s.metadata ->> 'type' = 'SECTOR'))
       ) AS whole
  FROM gathered u
  JOIN load_runs r ON r.id = u.run
 ORDER BY u.run, u.by_run;
