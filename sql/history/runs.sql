-- The runs that changed an environment, the latest first. A hand (and the adoption of an older database) names no
-- environment and counts nothing: both follow from the versions that it opened and closed. A restore is of them all.

WITH groups AS MATERIALIZED (
    SELECT DISTINCT group_id, metadata ->> 'type' AS type
      FROM membership_versions
     WHERE symbol IS NULL AND metadata ->> 'environment' = current_environment()
)
SELECT r.id, r.started_at, r.committed_at, r.kind, COALESCE(r.type, h.types), r.mode, r.program, r.database_user,
       r.undoes, r.note,
       COALESCE(r.added, h.added), COALESCE(r.changed, h.changed), COALESCE(r.removed, h.removed),
       (SELECT count(*) FROM load_files f WHERE f.load_id = r.id AND f.scope <> 'undo'),
       (SELECT count(*) FROM load_files f WHERE f.load_id = r.id AND f.scope = 'past')
  FROM data_version d
  JOIN load_runs r ON r.id = d.load_id
  LEFT JOIN LATERAL (
    SELECT string_agg(DISTINCT g.type, ', ') AS types,
           count(t.symbol) FILTER (WHERE t.opened AND NOT t.closed) AS added,
           count(t.symbol) FILTER (WHERE t.opened AND t.closed) AS changed,
           count(t.symbol) FILTER (WHERE t.closed AND NOT t.opened) AS removed
      FROM (
          SELECT v.group_id, v.symbol,
                 bool_or(v.opened_by = r.id AND v.closed_by IS DISTINCT FROM r.id) AS opened,
                 bool_or(v.closed_by = r.id AND v.opened_by <> r.id) AS closed
            FROM membership_versions v
           WHERE r.environment IS NULL AND (v.opened_by = r.id OR v.closed_by = r.id)
           GROUP BY v.group_id, v.symbol
      ) t
      JOIN groups g USING (group_id)
  ) h ON true
 WHERE r.environment = current_environment() OR h.types IS NOT NULL OR r.kind = 'restore'
 ORDER BY d.version DESC
 LIMIT %(limit)s OFFSET %(offset)s;
