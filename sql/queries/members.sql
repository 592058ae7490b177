-- The members of a group, the heaviest first, each with its name and sector. A stock in two sectors: a real one first.

WITH sectors AS (
    SELECT DISTINCT ON (symbol) symbol, name, sector
      FROM stock_sectors
     ORDER BY symbol, sector = 'unknown', sector COLLATE "C"
)
SELECT m.symbol, m.weight, s.name, s.sector
  FROM environment_memberships m
  LEFT JOIN sectors s USING (symbol)
 WHERE m.group_id = %(group)s
 ORDER BY m.weight DESC NULLS LAST, m.symbol;
