-- The stocks that would come back, and that have lost their sector since.

SELECT DISTINCT r.symbol
  FROM planned_rows r
  JOIN planned_groups p USING (no)
 WHERE r.action = 'added' AND %(type)s <> 'SECTOR'
   AND NOT EXISTS (
           SELECT FROM group_memberships m
             JOIN definition_groups g ON g.id = m.group_id AND g.type = 'SECTOR' AND g.environment = %(environment)s
            WHERE m.symbol = r.symbol)
   AND NOT EXISTS (
           SELECT FROM planned_rows x
             JOIN planned_groups s ON s.no = x.no AND s.metadata ->> 'type' = 'SECTOR'
            WHERE x.symbol = r.symbol AND x.action = 'added')
   AND NOT EXISTS (
           SELECT FROM definition_groups f
            WHERE f.type = 'ETF' AND f.environment = %(environment)s AND f.name = r.symbol)
   AND NOT EXISTS (
           SELECT FROM planned_groups f
            WHERE f.action = 'added' AND f.metadata ->> 'type' = 'ETF' AND f.name = r.symbol)
 ORDER BY r.symbol;
