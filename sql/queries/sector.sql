-- The members of a sector, with what put each of them there.

SELECT symbol,
       metadata ->> 'name' AS name,
       metadata ->> 'industry' AS industry,
       metadata ->> 'source' AS source,
       metadata ->> 'confidence' AS confidence
  FROM environment_memberships
 WHERE group_id = %(group)s
 ORDER BY symbol;
