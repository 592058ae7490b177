-- The groups that a loader read from a file, and what it put on record the last time. (LIMIT 1: else the view would go
-- through all files that a group ever had.)

SELECT g.id, r.type, f.group_name, g.type, g.name, f.load_id, d.version, f.path, f.checksum, f.fingerprint,
       f.stored_fingerprint, f.as_of, f.kept_symbols, f.missing, f.format = 'cache_entries'
  FROM environment_groups g
 CROSS JOIN LATERAL (SELECT * FROM last_files WHERE group_id = g.id LIMIT 1) f
  JOIN load_runs r ON r.id = f.load_id
  LEFT JOIN data_version d ON d.load_id = f.load_id
 WHERE r.type IN ('ETF', 'UNIVERSE', 'THEME')
   AND (%(only)s::text IS NULL OR r.type = 'ETF' AND %(only)s IN (f.group_name, g.name))
 ORDER BY g.type, g.name;
