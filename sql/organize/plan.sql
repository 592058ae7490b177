-- What is stored of the organised types against what is wanted. `kept`: appending leaves what is there.

CREATE TEMPORARY TABLE entry_changes ON COMMIT DROP AS
SELECT type, name, key, w.value,
       w.value IS NOT NULL AS is_wanted,
       CASE WHEN e.value IS NULL THEN 'added'
            WHEN w.value = e.value THEN 'unchanged'
            WHEN %(mode)s = 'append' THEN 'kept'
            WHEN w.value IS NULL THEN 'removed'
            ELSE 'changed'
        END AS action,
       e.value AS stored
  FROM wanted_entries w
  FULL JOIN (SELECT type::text, name::text, key::text, value
               FROM cache_entries WHERE type = ANY (%(types)s)) e USING (type, name, key);
