-- Whether a stock that enters is in a sector by now, or one that was in a sector no longer is.

WITH now AS MATERIALIZED (
    SELECT m.symbol::text AS symbol
      FROM group_memberships m
      JOIN definition_groups g ON g.id = m.group_id
     WHERE g.type = 'SECTOR' AND g.environment = %(environment)s
)
SELECT EXISTS (SELECT symbol FROM now INTERSECT SELECT unnest(%(entered)s::text[]))
    OR EXISTS (SELECT unnest(%(settled)s::text[]) EXCEPT SELECT symbol FROM now);
