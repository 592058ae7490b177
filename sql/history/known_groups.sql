-- What is on record of the groups that have, or ever had, a name, whatever its case and signs: from when to when
-- they were stored. The very name comes first, and what is stored today.

SELECT group_id, metadata ->> 'name' AS name, valid_from, valid_to, opened_by, closed_by
  FROM group_versions
 WHERE denied_by IS NULL
   AND (valid_to IS NULL OR valid_to > valid_from)
   AND (metadata ->> 'type', metadata ->> 'environment') = (%(type)s, %(environment)s)
   AND (metadata ->> 'name' = %(name)s
        OR regexp_replace(lower(metadata ->> 'name'), '[^a-z0-9]', '', 'g')
           = NULLIF(regexp_replace(lower(%(name)s), '[^a-z0-9]', '', 'g'), ''))
 ORDER BY metadata ->> 'name' <> %(name)s, lower(metadata ->> 'name') <> lower(%(name)s), valid_to DESC NULLS FIRST,
       valid_from DESC;
