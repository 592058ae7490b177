-- The stocks to be classified: members of anything but a sector. A fund that is held by a fund is no stock.

CREATE TEMPORARY TABLE sector_symbols AS
SELECT DISTINCT m.symbol
  FROM group_memberships m
  JOIN definition_groups g ON g.id = m.group_id
 WHERE g.environment = %(environment)s AND g.type <> 'SECTOR'
   AND NOT EXISTS (SELECT FROM definition_groups f
                    WHERE f.type = 'ETF' AND f.environment = %(environment)s AND f.name = m.symbol)
UNION
SELECT symbol FROM coming WHERE etf IS NULL;
