-- The plan in numbers, a row a group.

SELECT p.name, p.action,
       count(r.symbol) FILTER (WHERE r.action = 'added'),
       count(r.symbol) FILTER (WHERE r.action = 'changed'),
       count(r.symbol) FILTER (WHERE r.action = 'removed'),
       count(r.symbol) FILTER (WHERE r.action = 'kept'),
       (SELECT count(*) FROM group_memberships m WHERE m.group_id = p.group_id)
  FROM planned_groups p
  LEFT JOIN planned_rows r USING (no)
 GROUP BY p.no, p.group_id, p.name, p.action
 ORDER BY p.name, p.no;
