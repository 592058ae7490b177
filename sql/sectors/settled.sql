-- Nothing to decide: every stock is where the last load of the same evidence left it.

INSERT INTO decided (symbol, sector, metadata, pinned)
SELECT m.symbol, g.name, m.metadata, false
  FROM definition_groups g
  JOIN group_memberships m ON m.group_id = g.id
 WHERE g.type = 'SECTOR' AND g.environment = %(environment)s;
