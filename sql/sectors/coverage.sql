-- What was decided, by source: stocks, those of them in a real sector, and those that something spoke against.

SELECT CASE WHEN pinned THEN 'by hand' ELSE metadata ->> 'source' END,
       count(*),
       count(*) FILTER (WHERE sector <> 'unknown'),
       count(*) FILTER (WHERE metadata -> 'conflicts' <> '[]' AND NOT pinned)
  FROM (
      SELECT d.pinned, d.metadata,
             CASE WHEN d.pinned THEN (
                 SELECT min(g.name) FROM group_memberships m JOIN definition_groups g ON g.id = m.group_id
                  WHERE m.symbol = d.symbol AND g.type = 'SECTOR' AND g.environment = %(environment)s
             ) ELSE d.sector END AS sector
        FROM decided d
  ) decided
 GROUP BY 1
 ORDER BY 1;
