-- The files that each of some groups may stand on, on a day: of those that tell of that day or an earlier one the
-- newest, and of those without a date, which tell of the day of their load, the one loaded last. (The loads of a group
-- are one after the other: their files are numbered as they commit.)

SELECT f.group_id, f.as_of, f.id, f.load_id, f.path
  FROM load_files f
 WHERE f.id = ANY (ARRAY(
    SELECT unnest(ARRAY[
        (SELECT id
           FROM load_files
          WHERE group_id = g.id AND as_of <= %(day)s AND scope <> 'undo'
            AND CASE WHEN %(known)s IS NULL THEN undone_by IS NULL
                     ELSE load_id <= %(last)s AND load_id <> ALL (%(late)s::bigint[])
                          AND id <> ALL (%(undone)s::bigint[]) END
          ORDER BY as_of DESC, id DESC
          LIMIT 1),
        (SELECT id
           FROM load_files
          WHERE group_id = g.id AND as_of IS NULL AND scope <> 'undo'
            AND CASE WHEN %(known)s IS NULL THEN undone_by IS NULL
                     ELSE load_id <= %(last)s AND load_id <> ALL (%(late)s::bigint[])
                          AND id <> ALL (%(undone)s::bigint[]) END
            AND (SELECT (r.started_at AT TIME ZONE 'UTC')::date FROM load_runs r WHERE r.id = load_id) <= %(day)s
          ORDER BY as_of DESC, id DESC
          LIMIT 1)
    ])
      FROM unnest(%(groups)s::integer[]) g (id)
 ));
