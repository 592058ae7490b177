-- Which of these groups there was on a day, and the last file that tells what was in it then.

SELECT g.id, g.name, s.as_of, s.dated, s.load_id, s.path
  FROM groups_on(%(day)s) g
  LEFT JOIN LATERAL (
      SELECT s.*
        FROM snapshots s
        JOIN data_version d USING (load_id)
       WHERE s.group_id = g.id AND s.as_of <= %(day)s
       ORDER BY s.as_of DESC, d.version DESC
       LIMIT 1
  ) s ON true
 WHERE g.id = ANY (%(groups)s)
 ORDER BY g.name <> %(name)s, g.valid_from DESC
 LIMIT 1;
