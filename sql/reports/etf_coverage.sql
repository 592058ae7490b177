-- How complete the funds are. A fund has a date where the file that was loaded last says which day it describes.

WITH funds AS (
    SELECT g.id, COALESCE(m.members, 0) AS members, COALESCE(m.weighted, 0) AS weighted, f.as_of
      FROM environment_groups g
      LEFT JOIN (
          SELECT group_id, count(*) AS members, count(weight) AS weighted
            FROM environment_memberships WHERE type = 'ETF' GROUP BY group_id
      ) m ON m.group_id = g.id
      LEFT JOIN LATERAL (
          SELECT as_of FROM last_files WHERE group_id = g.id LIMIT 1
      ) f ON true
     WHERE g.type = 'ETF'
)
SELECT count(*) AS etfs,
       count(*) FILTER (WHERE members > 0) AS with_members,
       count(*) FILTER (WHERE weighted > 0) AS with_weights,
       count(*) FILTER (WHERE weighted > 0 AND weighted = members) AS with_all_weights,
       count(as_of) AS with_as_of
  FROM funds;
