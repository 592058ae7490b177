-- The stocks and funds to organise, each with its place: stocks by capitalisation, funds by assets, then by the number
-- of their holdings; what is not known comes last, and then the symbol decides.

CREATE TEMPORARY TABLE organized_symbols ON COMMIT DROP AS
WITH holdings AS (
    SELECT g.name AS symbol, count(*) AS holdings
      FROM environment_groups g
      JOIN group_memberships m ON m.group_id = g.id
     WHERE g.type = 'ETF'
     GROUP BY g.name
)
SELECT s.*, COALESCE(h.holdings, 0) AS holdings,
       row_number() OVER (PARTITION BY s.is_fund ORDER BY CASE WHEN s.is_fund THEN s.aum ELSE s.market_cap END
                          DESC NULLS LAST, h.holdings DESC NULLS LAST, s.symbol)::integer AS place
  FROM environment_symbols s
  LEFT JOIN holdings h ON h.symbol = s.symbol AND s.is_fund;

CREATE TEMPORARY TABLE kinds_of_funds (symbol text COLLATE "C", kind text) ON COMMIT DROP;

CREATE TEMPORARY TABLE entry_rules (
    type text, name text, key text, shape text, by text, value text, without text, at_least numeric, below numeric,
    first integer
) ON COMMIT DROP;

ANALYZE organized_symbols;
