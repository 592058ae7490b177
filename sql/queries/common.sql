-- The symbols that each two of some funds have in common. `shared` is the weight that the two share, NULL where one of
-- them has none (LEAST alone would take the other's).

WITH names AS (
    SELECT DISTINCT ON (symbol) symbol, name
      FROM stock_sectors
     ORDER BY symbol, sector = 'unknown', sector COLLATE "C"
), held AS (
    SELECT array_position(%(groups)s, group_id) AS place, symbol, weight
      FROM environment_memberships
     WHERE group_id = ANY (%(groups)s)
)
SELECT a.place, b.place, a.symbol, n.name, a.weight, b.weight,
       CASE WHEN a.weight IS NOT NULL AND b.weight IS NOT NULL THEN LEAST(a.weight, b.weight) END AS shared
  FROM held a
  JOIN held b ON b.symbol = a.symbol AND b.place > a.place
  LEFT JOIN names n ON n.symbol = a.symbol
 ORDER BY 1, 2, shared DESC NULLS LAST, GREATEST(a.weight, b.weight) DESC NULLS LAST, a.symbol;
