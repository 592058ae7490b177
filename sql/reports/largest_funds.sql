-- The twelve funds with most members, the largest first.

SELECT group_id
  FROM environment_memberships
 WHERE type = 'ETF'
 GROUP BY group_id, group_name
 ORDER BY count(*) DESC, group_name
 LIMIT 12;
