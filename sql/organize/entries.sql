-- What each entry should be, from the rules. An entry without members is an empty one.

CREATE TEMPORARY TABLE wanted_entries ON COMMIT DROP AS
WITH stocks AS (
    SELECT * FROM organized_symbols WHERE NOT is_fund
), leaders AS (
    SELECT symbol, sector, place, row_number() OVER (PARTITION BY sector ORDER BY place) AS place_in_sector
      FROM stocks
     WHERE market_cap IS NOT NULL
), members AS (
    SELECT r.type, r.name, r.key, s.symbol, s.place
      FROM entry_rules r
      JOIN stocks s ON s.market_cap >= r.at_least AND (s.market_cap < r.below OR r.below IS NULL)
     WHERE r.by = 'market_cap'
     UNION ALL
    SELECT r.type, r.name, r.key, s.symbol, s.place
      FROM entry_rules r
      JOIN leaders s ON s.place <= r.first
     WHERE r.by = 'leaders'
     UNION ALL
    SELECT r.type, r.name, r.key, s.symbol, s.place
      FROM entry_rules r
      JOIN leaders s ON s.sector = r.value AND s.place_in_sector <= r.first
     WHERE r.by = 'sector'
     UNION ALL
    SELECT r.type, r.name, r.key, s.symbol, s.place
      FROM entry_rules r
      JOIN stocks s ON s.industry ~* r.value AND (s.industry !~* r.without OR r.without IS NULL)
     WHERE r.by = 'industry'
     UNION ALL
    -- by symbol; two groups may be one theme
    SELECT DISTINCT r.type, r.name, r.key, m.symbol::text COLLATE "C", 0
      FROM entry_rules r
      JOIN environment_memberships m ON m.type = 'THEME' AND m.group_name = r.value
     WHERE r.by = 'theme'
     UNION ALL
    SELECT r.type, r.name, r.key, s.symbol, s.place
      FROM entry_rules r
      JOIN kinds_of_funds k ON k.kind = r.value
      JOIN organized_symbols s ON s.symbol = k.symbol
     WHERE r.by = 'kind'
     UNION ALL
    -- everything, by symbol, or the first by their places
    SELECT r.type, r.name, r.key, s.symbol, CASE WHEN r.first IS NULL THEN 0 ELSE s.place END
      FROM entry_rules r
      JOIN organized_symbols s ON s.is_fund = (r.type = 'etf_universe') AND (s.place <= r.first OR r.first IS NULL)
     WHERE r.by = 'complete'
), details AS (
    SELECT symbol,
           CASE WHEN is_fund
                THEN jsonb_build_object('symbol', symbol, 'name', name, 'exchange', exchange, 'etf_type', etf_type,
                                        'issuer', issuer, 'aum', aum, 'expense_ratio', expense_ratio,
                                        'holdings', holdings)
                ELSE jsonb_build_object('symbol', symbol, 'name', name, 'type', type, 'exchange', exchange,
                                        'market_cap', market_cap, 'sector', sector, 'industry', industry)
            END AS item
      FROM organized_symbols
     WHERE place <= (SELECT max(first) FROM entry_rules WHERE shape = 'objects')
), entries AS (
    SELECT DISTINCT type, name, key, shape FROM entry_rules
), lists AS (
    SELECT e.type, e.name, e.key, e.shape, count(m.symbol) AS count,
           COALESCE(jsonb_agg(CASE e.shape WHEN 'objects' THEN d.item ELSE to_jsonb(m.symbol) END
                              ORDER BY m.place, m.symbol) FILTER (WHERE m.symbol IS NOT NULL), '[]') AS list
      FROM entries e
      LEFT JOIN members m USING (type, name, key)
      LEFT JOIN details d ON e.shape = 'objects' AND d.symbol = m.symbol
     GROUP BY e.type, e.name, e.key, e.shape
)
SELECT type, name, key,
       CASE WHEN shape IN ('stocks', 'etfs') THEN jsonb_build_object('count', count, shape, list) ELSE list END AS value
  FROM lists;
