-- The file that each fund, universe and theme was last loaded from, the stalest first; a group without one was
-- made by hand. Days are from the date that the data describes to today (UTC), NULL where the file names none.

SELECT g.type, g.name, f.as_of, CURRENT_DATE - f.as_of AS days, r.committed_at AS loaded_at, f.path
  FROM environment_groups g
  LEFT JOIN LATERAL (
      SELECT as_of, path, load_id FROM last_files WHERE group_id = g.id LIMIT 1
  ) f ON true
  LEFT JOIN load_runs r ON r.id = f.load_id
 WHERE g.type IN ('ETF', 'UNIVERSE', 'THEME')
 ORDER BY f.as_of, r.committed_at, g.type, g.name;
