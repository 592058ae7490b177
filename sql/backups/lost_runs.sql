-- The runs that came after a version of the data, or, where run keys are given, that are not among them: the newest,
-- and how many there are. What a hand changed is counted from the versions that it opened and closed.
SELECT count(*) OVER (), r.id, COALESCE(r.committed_at, r.started_at), r.kind, r.type, r.environment, r.program,
       r.database_user, COALESCE(r.added, h.added), COALESCE(r.changed, h.changed), COALESCE(r.removed, h.removed), r.note
  FROM load_runs r
  LEFT JOIN data_version d ON d.load_id = r.id
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE c.symbol IS NULL) AS added,
           count(*) FILTER (WHERE o.symbol = c.symbol) AS changed,
           count(*) FILTER (WHERE o.symbol IS NULL) AS removed
      FROM (SELECT group_id, symbol FROM membership_versions WHERE opened_by = r.id AND symbol IS NOT NULL) o
      FULL JOIN (SELECT group_id, symbol FROM membership_versions WHERE closed_by = r.id AND symbol IS NOT NULL) c
        USING (group_id, symbol)
     WHERE r.added IS NULL
 ) h
 WHERE r.mode IS DISTINCT FROM 'migration'
   AND CASE WHEN %(keys)s::uuid[] IS NULL THEN d.version > %(version)s ELSE r.run_key <> ALL (%(keys)s::uuid[]) END
 ORDER BY d.version DESC NULLS LAST, r.id DESC
 LIMIT %(limit)s
