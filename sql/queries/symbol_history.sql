-- Where some symbols of one stock are first known as members of anything, and until when they last were before a day.

WITH names AS (
    SELECT symbol COLLATE "C" AS symbol, since, until
      FROM unnest(%(symbols)s::text[], %(since)s::date[], %(until)s::date[]) n (symbol, since, until)
), groups AS MATERIALIZED (
    SELECT DISTINCT ON (group_id) group_id, metadata ->> 'type' AS type, metadata ->> 'name' AS name
      FROM membership_versions
     WHERE symbol IS NULL AND metadata ->> 'environment' = current_environment()
     ORDER BY group_id, opened_by DESC
), versions AS MATERIALIZED (
    SELECT v.*, g.type, g.name
      FROM names n
      JOIN membership_versions v ON v.symbol = n.symbol AND v.closed_by IS NOT NULL AND v.valid_to > v.valid_from
      JOIN groups g ON g.group_id = v.group_id
     WHERE v.valid_from >= n.since AND v.valid_from < n.until
    UNION ALL
    SELECT v.*, g.type, g.name
      FROM names n
     CROSS JOIN groups g
      JOIN membership_versions v ON v.group_id = g.group_id AND v.symbol = n.symbol AND v.closed_by IS NULL
     WHERE v.valid_from >= n.since AND v.valid_from < n.until
)
SELECT v.symbol, v.type, v.name, v.valid_from, v.committed_at, v.opened_by,
       (SELECT max(e.valid_to) FROM versions e WHERE e.metadata IS NOT NULL AND e.valid_to <= %(day)s) AS last_until
  FROM (
    SELECT v.*, r.committed_at
      FROM versions v
      JOIN load_runs r ON r.id = v.opened_by
     WHERE v.metadata IS NOT NULL
     ORDER BY v.valid_from, v.type = 'SECTOR', r.committed_at, v.type, v.name COLLATE "C"
    OFFSET 0
  ) v
 WHERE EXISTS (  -- unless a later file corrected it
        SELECT FROM memberships_on(v.symbol, v.valid_from) m WHERE m.group_id = v.group_id)
 LIMIT 1;
