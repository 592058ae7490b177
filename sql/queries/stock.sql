-- Every group that a symbol is a member of; the evidence counts for sectors alone. `unknown` comes after real sectors.

SELECT type,
       group_name,
       weight,
       metadata ->> 'name' AS name,
       metadata ->> 'industry' AS industry,
       metadata ->> 'source' AS source,
       metadata ->> 'confidence' AS confidence,
       metadata ->> 'reason' AS reason,
       COALESCE(metadata -> 'conflicts', '[]') AS conflicts,
       EXISTS (SELECT FROM environment_groups f WHERE f.type = 'ETF' AND f.name = symbol) AS is_fund
  FROM environment_memberships
 WHERE symbol = %(symbol)s
 ORDER BY type, group_name = 'unknown', group_name COLLATE "C";
