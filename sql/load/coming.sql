-- What a dry run's plan would bring to the sectors, for the preview of a whole run.

SELECT DISTINCT 'stock', symbol, NULL::integer, NULL, NULL::numeric, NULL::date
  FROM planned_changes
 WHERE action = 'added'
UNION ALL
SELECT 'left', symbol, membership_id, NULL, NULL, NULL
  FROM planned_rows
 WHERE action = 'removed'
UNION ALL
SELECT CASE action WHEN 'added' THEN 'fund' ELSE 'ended' END, name, NULL, NULL, NULL, NULL
  FROM planned_groups
 WHERE %(type)s = 'ETF' AND action IN ('added', 'removed')
UNION ALL
SELECT 'held', h.symbol, NULL, g.name, h.weight, s.as_of
  FROM planned_groups g
  JOIN staged_groups s USING (no)
  CROSS JOIN LATERAL (
      SELECT symbol, new_weight FROM planned_changes WHERE no = g.no AND action IN ('added', 'changed')
      UNION ALL
      SELECT m.symbol, m.weight
        FROM group_memberships m
       WHERE m.group_id = g.group_id
         AND NOT EXISTS (SELECT FROM planned_rows r
                          WHERE r.membership_id = m.id AND r.action IN ('changed', 'removed'))
  ) h (symbol, weight)
 WHERE %(type)s = 'ETF' AND g.has_rows AND g.name LIKE 'XL%%';
