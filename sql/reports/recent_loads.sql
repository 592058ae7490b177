-- The last ten runs that changed this environment, the latest first. A hand (and the adoption of an older database)
-- names no environment and no counts: both follow from the versions that it opened and closed.

WITH hands AS MATERIALIZED (
    SELECT id FROM load_runs WHERE environment IS NULL
), groups AS MATERIALIZED (
    SELECT id, type FROM environment_groups
    UNION
    SELECT group_id, metadata ->> 'type' FROM membership_versions
     WHERE symbol IS NULL AND metadata ->> 'environment' = current_environment()
), touched AS (
    SELECT t.run, t.group_id, t.symbol, bool_or(t.opened) AS opened, bool_or(NOT t.opened) AS closed
      FROM (
          SELECT opened_by AS run, group_id, symbol, true AS opened FROM membership_versions
           WHERE opened_by IN (SELECT id FROM hands)
          UNION ALL
          SELECT closed_by, group_id, symbol, false FROM membership_versions
           WHERE closed_by IN (SELECT id FROM hands)
      ) t
     GROUP BY t.run, t.group_id, t.symbol
), by_hand AS (
    SELECT t.run,
           string_agg(DISTINCT g.type, ', ') AS types,
           count(t.symbol) FILTER (WHERE NOT t.closed) AS added,
           count(t.symbol) FILTER (WHERE t.opened AND t.closed) AS changed,
           count(t.symbol) FILTER (WHERE NOT t.opened) AS removed
      FROM touched t JOIN groups g ON g.id = t.group_id
     GROUP BY t.run
)
SELECT r.id AS load_id, r.committed_at, r.database_user AS who, r.program, r.kind,
       COALESCE(r.type, h.types) AS type, r.mode,
       COALESCE(h.added, r.added) AS added,
       COALESCE(h.changed, r.changed) AS changed,
       COALESCE(h.removed, r.removed) AS removed,
       r.put_back
  FROM load_runs r
  JOIN data_version d ON d.load_id = r.id
  LEFT JOIN by_hand h ON h.run = r.id
 WHERE r.environment = current_environment() OR h.run IS NOT NULL
 ORDER BY d.version DESC
 LIMIT 10;
