-- Every symbol that was ever a member of anything in an environment. It walks the index from each symbol to the next:
-- there are a thousand times as many versions.

WITH RECURSIVE groups AS MATERIALIZED (
    SELECT DISTINCT group_id
      FROM membership_versions
     WHERE symbol IS NULL AND metadata ->> 'environment' = current_environment()
), closed AS (
    (SELECT symbol FROM membership_versions WHERE closed_by IS NOT NULL ORDER BY symbol LIMIT 1)
    UNION ALL
    SELECT (SELECT v.symbol FROM membership_versions v
             WHERE v.closed_by IS NOT NULL AND v.symbol > c.symbol ORDER BY v.symbol LIMIT 1)
      FROM closed c
     WHERE c.symbol IS NOT NULL
)
SELECT c.symbol
  FROM closed c
 WHERE c.symbol IS NOT NULL
   AND (SELECT true FROM membership_versions v
         WHERE v.symbol = c.symbol AND v.closed_by IS NOT NULL AND v.group_id IN (SELECT group_id FROM groups) LIMIT 1)
UNION
SELECT v.symbol
  FROM membership_versions v
 WHERE v.closed_by IS NULL AND v.symbol IS NOT NULL AND v.group_id IN (SELECT group_id FROM groups);
