-- The symbols of a choice, in order. An item of an entry that somebody made by hand may be no symbol.
SELECT m.symbol
  FROM environment_memberships m
 WHERE m.type || ' ' || m.group_name = %(universe)s
UNION
SELECT symbol
  FROM entry_symbols
 WHERE type IN ('stock_universe', 'etf_universe') AND name || ' ' || key = %(universe)s AND symbol <> ''
 ORDER BY 1
