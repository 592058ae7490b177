-- The plan in numbers, a row a group.

SELECT g.name, g.action, g.has_rows, g.no < 0 AS orphan,
       CASE WHEN g.action = 'added' THEN COALESCE(s.members, 0) ELSE COALESCE(r.added, 0) END,
       COALESCE(r.changed, 0), COALESCE(r.removed, 0), COALESCE(r.kept, 0),
       COALESCE(r.kept_in_file, 0), COALESCE(r.missing, 0), COALESCE(r.put_back, 0), COALESCE(r.lost, 0),
       s.members
  FROM planned_groups g
  LEFT JOIN staged_groups s ON s.no = g.no
  LEFT JOIN (
      SELECT p.no,
             count(*) FILTER (WHERE action = 'added') AS added,
             count(*) FILTER (WHERE action = 'changed') AS changed,
             count(*) FILTER (WHERE action = 'removed') AS removed,
             count(*) FILTER (WHERE action = 'kept') AS kept,
             count(*) FILTER (WHERE action = 'kept' AND in_file) AS kept_in_file,
             count(*) FILTER (WHERE action = 'missing') AS missing,
             count(*) FILTER (WHERE by_hand AND action IN ('added', 'changed', 'removed')) AS put_back,
             count(*) FILTER (WHERE action = 'removed' AND moved.symbol IS NULL) AS lost
        FROM planned_rows p
        LEFT JOIN (
            -- To a group that was there before: a new fund with the same stocks is no place they moved to.
            SELECT DISTINCT symbol FROM planned_rows WHERE action = 'added'
               AND EXISTS (SELECT FROM planned_rows WHERE action = 'removed')
        ) moved
          ON p.action = 'removed' AND moved.symbol = p.symbol
       GROUP BY p.no
  ) r ON r.no = g.no
 ORDER BY g.name;
