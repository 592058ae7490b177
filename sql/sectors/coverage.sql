-- The stocks by source as this plan leaves them: all, those in a real sector, and those that something spoke against.

WITH staying AS (
    -- A hand may hold a stock elsewhere than the evidence has it, or in two sectors; what gives way counts no more.
    SELECT m.symbol, bool_or(g.name <> 'unknown') AS classified
      FROM group_memberships m
      JOIN definition_groups g ON g.id = m.group_id
     WHERE g.type = 'SECTOR' AND g.environment = %(environment)s
       AND NOT EXISTS (SELECT FROM planned_rows r WHERE r.membership_id = m.id AND r.action = 'removed')
     GROUP BY m.symbol
)
SELECT CASE WHEN d.pinned THEN 'by hand' ELSE d.metadata ->> 'source' END,
       count(*),
       count(*) FILTER (WHERE NOT d.pinned AND d.sector <> 'unknown' OR s.classified),
       count(*) FILTER (WHERE d.metadata -> 'conflicts' <> '[]' AND NOT d.pinned)
  FROM decided d
  LEFT JOIN staying s USING (symbol)
 GROUP BY 1
 ORDER BY 1;
