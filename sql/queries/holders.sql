-- The funds that hold a symbol, the heaviest first, those that do not say how much last.

SELECT m.group_name AS etf, g.description AS name, m.weight
  FROM environment_memberships m
  JOIN environment_groups g ON g.id = m.group_id
 WHERE m.symbol = %(symbol)s AND m.type = 'ETF'
 ORDER BY m.weight DESC NULLS LAST, m.group_name COLLATE "C";
