-- The file that a group was last loaded from.

SELECT f.path, f.as_of, COALESCE(r.committed_at, r.started_at) AS loaded_at, f.load_id
  FROM last_files f
  JOIN load_runs r ON r.id = f.load_id
 WHERE f.group_id = %(group)s
 LIMIT 1;
