-- Each stored group of a type: what is in it now, and what the last load that read its file left.

WITH groups AS (
    SELECT id, name
      FROM definition_groups
     WHERE type = %(type)s AND environment = %(environment)s
       AND (%(only)s::text IS NULL OR name = %(only)s)
), contents AS (
    SELECT group_id,
           md5(string_agg(
               symbol || '|' || COALESCE(weight::text, '')
               || CASE WHEN %(type)s = 'SECTOR' THEN '|' || sector_evidence(metadata)::text ELSE '' END,
               E'\n' ORDER BY symbol
           )) AS fingerprint,
           count(*) AS members,
           count(weight) AS weighted
      FROM group_memberships
     WHERE group_id IN (SELECT id FROM groups)
     GROUP BY group_id
)
SELECT g.name, g.id,
       COALESCE(c.fingerprint, md5('')), COALESCE(c.members, 0), COALESCE(c.weighted, 0),
       f.checksum, f.stored_fingerprint, f.as_of, f.added + f.changed + f.unchanged, f.kept, f.missing,
       f.path,
       -- Nobody knows how old an old database's entries were on the day of their migration: any file is newer.
       CASE WHEN f.format <> 'cache_entries'
            THEN COALESCE(f.as_of, (SELECT (started_at AT TIME ZONE 'UTC')::date FROM load_runs WHERE id = f.load_id))
       END
  FROM groups g
  LEFT JOIN contents c ON c.group_id = g.id
  LEFT JOIN LATERAL (
      SELECT * FROM last_files WHERE group_id = g.id LIMIT 1
  ) f ON true
 ORDER BY g.name;
