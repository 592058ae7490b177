-- The symbols of a choice, in order.
SELECT m.symbol
  FROM environment_memberships m
 WHERE m.type || ' ' || m.group_name = %(universe)s
UNION
SELECT s.symbol
  FROM cache_entries e, entry_symbols(e.value) s
 WHERE e.type IN ('stock_universe', 'etf_universe') AND e.name || ' ' || e.key = %(universe)s
 ORDER BY 1
