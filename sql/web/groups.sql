-- Every group with the number of its members, and the file that it was last loaded from.

SELECT g.type, g.name, g.description, COALESCE(m.members, 0) AS members, f.as_of, r.committed_at AS loaded_at, f.load_id
  FROM environment_groups g
  LEFT JOIN (
      SELECT group_id, count(*) AS members FROM group_memberships GROUP BY group_id
  ) m ON m.group_id = g.id
  LEFT JOIN LATERAL (
      SELECT as_of, load_id FROM last_files WHERE group_id = g.id LIMIT 1
  ) f ON true
  LEFT JOIN load_runs r ON r.id = f.load_id
 ORDER BY array_position('{ETF,UNIVERSE,SECTOR,THEME}', g.type::text), g.name = 'unknown', g.name COLLATE "C";
