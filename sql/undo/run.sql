-- A run, with the type and the environment of what it touched where it carries none itself; of several environments
-- the one that is asked for.

SELECT r.id, r.kind, COALESCE(r.type, t.type), COALESCE(r.environment, t.environment), r.mode,
       COALESCE(r.committed_at, r.started_at)
  FROM load_runs r
  LEFT JOIN LATERAL (
      SELECT g.metadata ->> 'type' AS type, g.metadata ->> 'environment' AS environment
        FROM membership_versions v
        JOIN membership_versions g ON g.group_id = v.group_id AND g.symbol IS NULL
       WHERE r.type IS NULL AND (v.opened_by = r.id OR v.closed_by = r.id)
       ORDER BY g.metadata ->> 'environment' <> %(environment)s, g.metadata ->> 'type'
       LIMIT 1
  ) t ON true
 WHERE r.id = %(run)s;
