-- Evidence that named another sector than the one a stock is in: a row for each piece of it.

SELECT s.symbol, s.name, s.sector, s.source,
       e.against ->> 'sector' AS other_sector, e.against ->> 'source' AS other_source, e.against ->> 'origin' AS origin
  FROM stock_sectors s
 CROSS JOIN LATERAL jsonb_array_elements(
      CASE WHEN jsonb_typeof(s.conflicts) = 'array' THEN s.conflicts ELSE '[]' END
  ) WITH ORDINALITY AS e (against, place)
 ORDER BY s.symbol, s.sector, e.place;
