-- A row that is not as the plan said, if there is one.

SELECT p.name, r.symbol
  FROM planned_rows r
  JOIN planned_groups p USING (no)
  LEFT JOIN group_memberships m ON m.group_id = p.group_id AND m.symbol = r.symbol
 WHERE r.action IN ('added', 'changed') AND (m.weight, m.metadata) IS DISTINCT FROM (r.new_weight, r.new_metadata)
    OR r.action = 'removed' AND m.id IS NOT NULL
 LIMIT 1;
