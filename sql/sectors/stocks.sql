-- The stocks to be classified: members of anything but a sector. A fund that is held by a fund is no stock.
-- What comes and goes with the loads that a preview shows too is in coming, which else is empty.

CREATE TEMPORARY TABLE sector_symbols AS
WITH funds (symbol) AS (
    SELECT name FROM definition_groups WHERE type = 'ETF' AND environment = %(environment)s
    EXCEPT SELECT symbol FROM coming WHERE kind = 'ended'
    UNION SELECT symbol FROM coming WHERE kind = 'fund'
), gone AS (
    SELECT c.symbol
      FROM coming c
     WHERE c.kind = 'left'
       AND NOT EXISTS (SELECT FROM group_memberships m
                         JOIN definition_groups g ON g.id = m.group_id
                        WHERE m.symbol = c.symbol AND g.environment = %(environment)s AND g.type <> 'SECTOR'
                          AND NOT EXISTS (SELECT FROM coming o WHERE o.membership_id = m.id))
)
SELECT DISTINCT m.symbol
  FROM group_memberships m
  JOIN definition_groups g ON g.id = m.group_id
 WHERE g.environment = %(environment)s AND g.type <> 'SECTOR'
EXCEPT SELECT symbol FROM gone
UNION SELECT symbol FROM coming WHERE kind = 'stock'
EXCEPT SELECT symbol FROM funds;
