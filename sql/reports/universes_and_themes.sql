-- Each universe and theme, the largest first: how many of its members some fund holds, and how many have a sector.

WITH held AS (
    SELECT DISTINCT symbol FROM environment_memberships WHERE type = 'ETF'
), classified AS (
    SELECT DISTINCT symbol FROM stock_sectors WHERE sector <> 'unknown'
)
SELECT g.type, g.name, g.description, count(m.symbol) AS members, count(h.symbol) AS held, count(c.symbol) AS classified
  FROM environment_groups g
  LEFT JOIN environment_memberships m ON m.group_id = g.id
  LEFT JOIN held h ON h.symbol = m.symbol
  LEFT JOIN classified c ON c.symbol = m.symbol
 WHERE g.type IN ('UNIVERSE', 'THEME')
 GROUP BY g.id, g.type, g.name, g.description
 ORDER BY members DESC, g.name;
