-- The stocks that a plan brings and that are in a sector without it.

SELECT DISTINCT s.symbol
  FROM planned_changes s
  JOIN group_memberships m ON m.symbol = s.symbol
  JOIN definition_groups g ON g.id = m.group_id AND g.type = 'SECTOR' AND g.environment = %(environment)s
 WHERE s.action = 'added' AND s.symbol <> ALL (%(entered)s::text[]);
