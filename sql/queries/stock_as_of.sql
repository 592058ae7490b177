-- Every group that a stock was a member of on a day, under whichever of its symbols the group had it then: what a file
-- called by the old symbol before the day of the change is still called so until the next file. `unknown` comes after
-- real sectors.

SELECT g.type,
       g.name AS group_name,
       m.weight,
       m.metadata ->> 'name' AS name,
       m.metadata ->> 'industry' AS industry,
       m.metadata ->> 'source' AS source,
       m.metadata ->> 'confidence' AS confidence,
       m.metadata ->> 'reason' AS reason,
       COALESCE(m.metadata -> 'conflicts', '[]') AS conflicts,
       m.group_id,
       n.symbol,
       m.valid_from,
       m.opened_by,
       r.committed_at,
       g.description
  FROM unnest(%(symbols)s::text[], %(since)s::date[], %(until)s::date[]) n (symbol, since, until)
 CROSS JOIN LATERAL memberships_on(n.symbol, %(day)s, %(known)s) m
  JOIN groups_on(%(day)s, %(known)s) g ON g.id = m.group_id
  JOIN load_runs r ON r.id = m.opened_by
 WHERE m.valid_from >= n.since AND m.valid_from < n.until AND g.environment = current_environment()
 ORDER BY g.type, g.name = 'unknown', g.name COLLATE "C", n.since DESC;
