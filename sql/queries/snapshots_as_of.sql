-- The file that each of some groups stands on, on a day: of those that tell of that day or an earlier one the newest,
-- and of several for one date the one that was loaded last. What was taken back does not count, unless that was not
-- known yet. (The loads of a group are one after the other: their files are numbered as they commit.)

SELECT s.group_id, COALESCE(s.as_of, s.loaded_on), s.as_of IS NOT NULL AS dated, r.committed_at, s.load_id, s.path
  FROM unnest(%(groups)s::integer[]) g (id)
 CROSS JOIN LATERAL (
    (SELECT f.*, f.as_of AS loaded_on
       FROM load_files f
      WHERE f.group_id = g.id AND f.as_of <= %(day)s AND f.scope <> 'undo'
        AND (%(known)s IS NOT NULL OR f.undone_by IS NULL)
        AND (%(known)s IS NULL
             OR (SELECT o.version FROM data_version o WHERE o.load_id = f.load_id) <= %(known)s
                AND ((SELECT u.version FROM data_version u WHERE u.load_id = f.undone_by) <= %(known)s) IS NOT TRUE)
      ORDER BY f.as_of DESC, f.id DESC
      LIMIT 1)
    UNION ALL
    (SELECT f.*, (SELECT (l.started_at AT TIME ZONE 'UTC')::date FROM load_runs l WHERE l.id = f.load_id)
       FROM load_files f
      WHERE f.group_id = g.id AND f.as_of IS NULL AND f.scope <> 'undo'
        AND (%(known)s IS NOT NULL OR f.undone_by IS NULL)
        AND (SELECT (l.started_at AT TIME ZONE 'UTC')::date FROM load_runs l WHERE l.id = f.load_id) <= %(day)s
        AND (%(known)s IS NULL
             OR (SELECT o.version FROM data_version o WHERE o.load_id = f.load_id) <= %(known)s
                AND ((SELECT u.version FROM data_version u WHERE u.load_id = f.undone_by) <= %(known)s) IS NOT TRUE)
      ORDER BY f.id DESC
      LIMIT 1)
    ORDER BY loaded_on DESC, id DESC
    LIMIT 1
 ) s
  JOIN load_runs r ON r.id = s.load_id;
