-- Where the money of a portfolio ends: a fund is replaced by what it holds, and so on down to stocks, but never inside
-- of itself. Weights that sum to less than 100 leave a rest; those that sum to more are scaled down to 100.

WITH RECURSIVE portfolio AS (
    SELECT symbol COLLATE "C" AS symbol, amount
      FROM unnest(%(symbols)s::text[], %(amounts)s::numeric[]) AS p (symbol, amount)
), funds AS (
    SELECT id, name COLLATE "C" AS symbol
      FROM environment_groups
     WHERE type = 'ETF'
), walk (position, symbol, amount, path, fund, weight_sum) AS (
    SELECT p.symbol, p.symbol, p.amount, '{}'::text[] COLLATE "C", f.id, w.weight_sum
      FROM portfolio p
      LEFT JOIN funds f ON f.symbol = p.symbol
      LEFT JOIN LATERAL (SELECT sum(weight) AS weight_sum FROM environment_memberships WHERE group_id = f.id) w ON true
    UNION ALL
    SELECT p.position, m.symbol::text, p.amount * m.weight / GREATEST(p.weight_sum, 100), p.path || p.symbol,
           f.id, w.weight_sum
      FROM walk p
      JOIN environment_memberships m ON m.group_id = p.fund AND m.weight IS NOT NULL
      LEFT JOIN funds f ON f.symbol = m.symbol
      LEFT JOIN LATERAL (SELECT sum(weight) AS weight_sum FROM environment_memberships WHERE group_id = f.id) w ON true
     WHERE p.symbol <> ALL (p.path)
), ends AS (
    SELECT position, symbol, weight_sum,
           CASE WHEN fund IS NULL THEN 'stock'
                WHEN weight_sum IS NULL THEN 'fund without weights'
                WHEN symbol = ANY (path) THEN 'fund that holds itself'
                ELSE 'cash, or holdings without a weight'
           END AS what,
           CASE WHEN weight_sum IS NULL OR symbol = ANY (path) THEN amount
                ELSE amount * (100 - LEAST(weight_sum, 100)) / 100
           END AS amount
      FROM walk
), sectors AS (
    SELECT DISTINCT ON (symbol) symbol, name, sector
      FROM stock_sectors
     ORDER BY symbol, sector = 'unknown', sector COLLATE "C"
)
SELECT e.what, e.symbol, e.position, s.name, s.sector, e.weight_sum, sum(e.amount) AS amount
  FROM ends e
  LEFT JOIN sectors s ON s.symbol = e.symbol
 GROUP BY e.what, e.symbol, e.position, s.name, s.sector, e.weight_sum
 ORDER BY e.symbol, e.position;
