-- The stocks of each sector, in numbers and in percent of all stocks of the environment. `unknown` is listed too,
-- an empty sector with 0. Stocks that are in no sector at all are in reports/coverage.sql.

WITH stocks AS MATERIALIZED (
    SELECT symbol FROM environment_stocks
)
SELECT g.name,
       g.description,
       count(s.symbol) AS stocks,
       COALESCE(round(100.0 * count(s.symbol) / NULLIF((SELECT count(*) FROM stocks), 0), 2), 0) AS percent
  FROM environment_groups g
  LEFT JOIN environment_memberships m ON m.group_id = g.id
  LEFT JOIN stocks s ON s.symbol = m.symbol
 WHERE g.type = 'SECTOR'
 GROUP BY g.id, g.name, g.description
 ORDER BY stocks DESC, g.name;
