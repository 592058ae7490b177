-- Compare the groups that the files name with those that are stored.

INSERT INTO planned_groups (no, group_id, name, action, has_rows, description, metadata)
SELECT COALESCE(s.no, -g.id), g.id, COALESCE(s.name, g.name),
       CASE
           WHEN g.id IS NULL THEN 'added'
           WHEN s.no IS NULL AND NOT %(remove)s THEN 'kept'
           -- Migrated from the old entries, and no file has told of it yet: there never was one to go.
           WHEN s.no IS NULL AND g.metadata ->> 'source' = 'cache_entries' THEN 'kept'
           WHEN s.no IS NULL AND %(leave_hand)s
                AND (g.metadata ->> 'source' IS NULL OR r.kind = 'manual'
                     OR EXISTS (SELECT FROM hand_rows h WHERE h.group_id = g.id)
                     OR EXISTS (SELECT FROM group_memberships m
                                 WHERE m.group_id = g.id
                                   AND (m.metadata ->> 'source' = ANY (%(sources)s)) IS NOT TRUE)) THEN 'kept'
           WHEN s.no IS NULL THEN 'removed'
           WHEN g.description IS NOT DISTINCT FROM COALESCE(s.description, g.description)
                AND g.metadata @> s.metadata THEN 'unchanged'
           WHEN %(leave_hand)s AND r.kind = 'manual' THEN 'kept'
           ELSE 'changed'
       END,
       COALESCE(s.has_rows, false),
       COALESCE(s.description, g.description, s.name),
       CASE WHEN jsonb_typeof(g.metadata) = 'object' THEN g.metadata ELSE '{}' END || COALESCE(s.metadata, '{}')
  FROM staged_groups s
  FULL JOIN (
      SELECT * FROM definition_groups
       WHERE type = %(type)s AND environment = %(environment)s
         AND (%(only)s::text IS NULL OR name = %(only)s)
  ) g ON g.name = s.name
  LEFT JOIN membership_versions v ON v.group_id = g.id AND v.symbol IS NULL AND v.closed_by IS NULL
  LEFT JOIN load_runs r ON r.id = v.opened_by
 WHERE s.no IS NOT NULL OR g.name <> ALL (%(spared)s);
