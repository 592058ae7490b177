-- Funds, universes and themes that a hand took away, or made, since the last load of their whole type.

WITH events AS (
    SELECT 'group_removed' AS event, r.type, f.group_name AS name, f.members, h.id AS run
      FROM (SELECT DISTINCT group_id FROM membership_versions
             WHERE symbol IS NULL AND group_id NOT IN (SELECT id FROM environment_groups)) g
     CROSS JOIN LATERAL (SELECT * FROM last_files WHERE group_id = g.group_id LIMIT 1) f
      JOIN load_runs r ON r.id = f.load_id AND r.environment = current_environment()
     CROSS JOIN LATERAL (SELECT max(closed_by) AS run FROM membership_versions
                          WHERE group_id = f.group_id AND symbol IS NULL AND opened_by <> closed_by) c
      JOIN load_runs h ON h.id = c.run AND h.kind = 'manual'
     WHERE (r.type, f.group_name) NOT IN (SELECT type, name FROM environment_groups)
    UNION ALL
    SELECT 'group_added', g.type, g.name, (SELECT count(*) FROM group_memberships WHERE group_id = g.id), h.id
      FROM environment_groups g
      LEFT JOIN LATERAL (
          SELECT v.opened_by FROM membership_versions v JOIN data_version d ON d.load_id = v.opened_by
           WHERE v.group_id = g.id AND v.symbol IS NULL
           ORDER BY d.version LIMIT 1
      ) first ON true
      LEFT JOIN load_runs h ON h.id = first.opened_by
     WHERE NOT EXISTS (SELECT FROM last_files WHERE group_id = g.id)
       AND (h.kind = 'manual' OR first.opened_by IS NULL)
)
SELECT event, type, name, members, run
  FROM events e
 WHERE type IN ('ETF', 'UNIVERSE', 'THEME') AND (%(only)s::text IS NULL OR (type, name) = ('ETF', %(only)s))
   AND NOT EXISTS (SELECT FROM load_runs n WHERE n.kind = 'load' AND n.only_group IS NULL AND n.type = e.type
                                             AND n.environment = current_environment() AND n.id > e.run)
 ORDER BY event DESC, type, name;
