-- All that files and hands have told of a stock's memberships, in the order in which they told it: what comes later
-- counts. Without a last day it is so now; what is not a member says that it was none from one day to before another.

WITH groups AS MATERIALIZED (
    SELECT DISTINCT ON (group_id) group_id, metadata ->> 'type' AS type, metadata ->> 'name' AS name
      FROM membership_versions
     WHERE symbol IS NULL AND metadata ->> 'environment' = current_environment()
     ORDER BY group_id, opened_by DESC
)
SELECT g.type, g.name, v.symbol, v.weight, v.member, v.valid_from, v.valid_to
  FROM unnest(%(symbols)s::varchar[], %(since)s::date[], %(until)s::date[]) n (symbol, since, until)
 CROSS JOIN LATERAL (
    SELECT e.group_id, e.symbol, e.weight, e.metadata IS NOT NULL AS member, e.valid_from, e.valid_to, e.opened_by
      FROM membership_versions e
     WHERE e.symbol = n.symbol AND e.closed_by IS NOT NULL AND e.valid_to > e.valid_from
    UNION ALL
    SELECT e.group_id, e.symbol, e.weight, true, e.valid_from, NULL, e.opened_by
      FROM group_memberships m  -- the stored rows know where
      JOIN membership_versions e ON e.group_id = m.group_id AND e.symbol = m.symbol AND e.closed_by IS NULL
     WHERE m.symbol = n.symbol
 ) v
  JOIN groups g USING (group_id)
  JOIN data_version d ON d.load_id = v.opened_by
 WHERE v.valid_from >= n.since AND v.valid_from < n.until
 ORDER BY d.version, v.valid_to DESC NULLS FIRST;
