-- The symbols of a choice, in order.
SELECT m.symbol
  FROM environment_memberships m
 WHERE m.type || ' ' || m.group_name = %(universe)s
UNION
SELECT symbol
  FROM entry_symbols
 WHERE type IN ('stock_universe', 'etf_universe') AND name || ' ' || key = %(universe)s
 ORDER BY 1
