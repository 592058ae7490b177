-- Of each type, the last load of this environment that changed a membership.

SELECT DISTINCT ON (r.type) r.type, r.id AS load_id, r.committed_at, r.added, r.changed, r.removed
  FROM load_runs r
  JOIN data_version d ON d.load_id = r.id
 WHERE r.environment = current_environment() AND r.type IS NOT NULL
   AND r.added + r.changed + r.removed > 0
 ORDER BY r.type, d.version DESC;
