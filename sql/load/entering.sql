-- The stocks that a plan brings and that are in no sector yet, with the group that takes them in: unknown.

SELECT u.id, s.symbol, '{"source": "unclassified"}'::jsonb
  FROM (SELECT DISTINCT symbol FROM planned_changes WHERE action = 'added') s
  LEFT JOIN definition_groups u ON u.name = 'unknown' AND u.type = 'SECTOR' AND u.environment = %(environment)s
 WHERE NOT EXISTS (
           SELECT FROM group_memberships m
             JOIN definition_groups g ON g.id = m.group_id AND g.type = 'SECTOR' AND g.environment = %(environment)s
            WHERE m.symbol = s.symbol)
   AND NOT EXISTS (
           SELECT FROM definition_groups f
            WHERE f.type = 'ETF' AND f.environment = %(environment)s AND f.name = s.symbol
              AND NOT EXISTS (SELECT FROM planned_groups p WHERE p.group_id = f.id AND p.action = 'removed'))
   AND NOT EXISTS (  -- a fund that a dry run would add is not stored
           SELECT FROM planned_groups p
            WHERE %(type)s = 'ETF' AND p.action = 'added' AND p.name = s.symbol)
 ORDER BY s.symbol
