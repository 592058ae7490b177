-- All versions of all groups, of any environment; one without metadata says that the group was not there.

SELECT group_id,
       metadata ->> 'type' AS type,
       metadata ->> 'name' AS name,
       metadata ->> 'description' AS description,
       metadata ->> 'environment' = current_environment() AS here,
       valid_from,
       valid_to,
       opened_by,
       closed_by
  FROM membership_versions
 WHERE symbol IS NULL;
