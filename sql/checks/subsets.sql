-- Groups that must be part of an index: the Dow 30, the S&P 100 and the sector SPDRs of the S&P 500, QQQ of the
-- NASDAQ-100, and so on. Stragglers come from files of different dates; where they are the most, it is a wrong file.
-- An index is what any of its stored funds and universes hold, so a row that is gone from one of them is no straggler.

WITH indices (index, type, name) AS (VALUES
    ('the S&P 500', 'UNIVERSE', 'sp500'), ('the S&P 500', 'ETF', 'SPY'), ('the S&P 500', 'ETF', 'VOO'),
    ('the S&P 500', 'ETF', 'IVV'),
    ('the NASDAQ-100', 'UNIVERSE', 'nasdaq100'), ('the NASDAQ-100', 'ETF', 'QQQM'),
    ('the Russell 3000', 'UNIVERSE', 'russell3000')
), parts (index, type, name) AS (VALUES
    ('the S&P 500', 'UNIVERSE', 'dow30'), ('the S&P 500', 'UNIVERSE', 'sp100'), ('the S&P 500', 'ETF', 'OEF'),
    ('the S&P 500', 'ETF', 'XLB'), ('the S&P 500', 'ETF', 'XLC'), ('the S&P 500', 'ETF', 'XLE'),
    ('the S&P 500', 'ETF', 'XLF'), ('the S&P 500', 'ETF', 'XLI'), ('the S&P 500', 'ETF', 'XLK'),
    ('the S&P 500', 'ETF', 'XLP'), ('the S&P 500', 'ETF', 'XLRE'), ('the S&P 500', 'ETF', 'XLU'),
    ('the S&P 500', 'ETF', 'XLV'), ('the S&P 500', 'ETF', 'XLY'),
    ('the NASDAQ-100', 'ETF', 'QQQ'),
    ('the Russell 3000', 'UNIVERSE', 'russell1000'), ('the Russell 3000', 'UNIVERSE', 'russell2000')
), of_index AS (
    -- letters alone, so that another spelling makes no straggler
    SELECT DISTINCT i.index, regexp_replace(upper(m.symbol), '[^A-Z]', '', 'g') AS letters
      FROM indices i
      JOIN environment_groups g USING (type, name)
      JOIN group_memberships m ON m.group_id = g.id
), compared AS (
    SELECT p.index, p.type, p.name, count(*) AS members,
           count(*) FILTER (WHERE o.letters IS NULL) AS stray,
           array_agg(m.symbol ORDER BY m.symbol) FILTER (WHERE o.letters IS NULL) AS symbols
      FROM parts p
      JOIN environment_groups g USING (type, name)
      JOIN group_memberships m ON m.group_id = g.id
      LEFT JOIN of_index o ON o.index = p.index AND o.letters = regexp_replace(upper(m.symbol), '[^A-Z]', '', 'g')
     WHERE p.index IN (SELECT index FROM of_index)
     GROUP BY p.index, p.type, p.name
)
SELECT CASE WHEN stray > 5 AND stray > 0.5 * members THEN 'fail' ELSE 'warn' END AS severity,
       type AS group_type, name AS group_name, NULL AS symbol,
       format('%s of the %s members of %s are not in %s: %s%s', stray, members, name, index,
              array_to_string(symbols[:10], ', '), CASE WHEN stray > 10 THEN ', …' ELSE '' END) AS found,
       'python scripts/cache_maintenance/' || CASE type
           WHEN 'ETF' THEN 'load_etf_holdings.py --etf ' || name ELSE 'load_universes.py --mode incremental' END AS mend
  FROM compared
 WHERE stray > 0
 ORDER BY 1, 2, 3, 4;
