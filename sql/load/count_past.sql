-- The corrections of the past in numbers, a row a group; news: no load has put this content on record for this day.

SELECT s.name, s.as_of,
       (SELECT min(n.as_of) FROM snapshots n WHERE n.group_id = p.group_id AND n.as_of > s.as_of),
       count(r.symbol) FILTER (WHERE r.action = 'added'),
       count(r.symbol) FILTER (WHERE r.action = 'changed'),
       count(r.symbol) FILTER (WHERE r.action = 'removed'),
       s.members,
       count(r.symbol) > 0
           OR NOT EXISTS (SELECT FROM load_files f
                           WHERE f.group_id = p.group_id AND f.as_of = s.as_of AND f.fingerprint = s.fingerprint
                             AND f.scope <> 'undo' AND f.undone_by IS NULL)
  FROM staged_groups s
  JOIN planned_groups p USING (no)
  LEFT JOIN past_rows r USING (no)
 WHERE s.name = ANY (%(past)s)
 GROUP BY s.no, s.name, s.as_of, s.members, s.fingerprint, p.group_id
 ORDER BY s.name;
