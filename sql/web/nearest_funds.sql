-- A fund, and the eleven that share most weight with it (most stocks, where there are no weights), the nearest first.

SELECT m.group_id
  FROM group_memberships o
  JOIN environment_memberships m ON m.symbol = o.symbol AND m.type = 'ETF'
 WHERE o.group_id = %(group)s
 GROUP BY m.group_id, m.group_name
 ORDER BY m.group_id <> %(group)s,
          sum(LEAST(m.weight, o.weight)) FILTER (WHERE m.weight IS NOT NULL AND o.weight IS NOT NULL) DESC NULLS LAST,
          count(*) DESC, m.group_name COLLATE "C"
 LIMIT 12;
