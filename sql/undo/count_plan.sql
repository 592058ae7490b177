-- The plan in numbers, a row a group; the last two: how many rows are stored, and how many of them stay as they are.

SELECT p.name, p.action,
       count(r.symbol) FILTER (WHERE r.action = 'added'),
       count(r.symbol) FILTER (WHERE r.action = 'changed'),
       count(r.symbol) FILTER (WHERE r.action = 'removed'),
       count(r.symbol) FILTER (WHERE r.action = 'kept'),
       s.stored,
       s.stored - count(r.membership_id) FILTER (WHERE r.action <> 'added')
  FROM planned_groups p
 CROSS JOIN LATERAL (SELECT count(*) AS stored FROM group_memberships m WHERE m.group_id = p.group_id) s
  LEFT JOIN planned_rows r USING (no)
 GROUP BY p.no, p.name, p.action, s.stored
 ORDER BY p.name, p.no;
