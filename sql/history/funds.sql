-- Every fund of the environment that there is or was; of one that was renamed, the last name.

SELECT DISTINCT ON (group_id) group_id, metadata ->> 'name' AS name
  FROM membership_versions
 WHERE symbol IS NULL
   AND (metadata ->> 'type', metadata ->> 'environment') = ('ETF', current_environment())
 ORDER BY group_id, closed_by DESC NULLS FIRST;
