-- The plan in the order of the rules' names, with how many symbols each entry has, and had.

WITH sized AS (
    SELECT type, name, key, action, is_wanted, which, CASE jsonb_typeof(v.value)
               WHEN 'array' THEN jsonb_array_length(v.value)
               WHEN 'object' THEN CASE WHEN v.value ->> 'count' ~ '^\d{1,9}$' THEN (v.value ->> 'count')::integer END
           END AS count
      FROM entry_changes, LATERAL (VALUES ('wanted', value), ('stored', stored)) v (which, value)
)
SELECT type, name, key, action,
       max(count) FILTER (WHERE which = 'stored') AS before,
       max(count) FILTER (WHERE which = CASE WHEN action = 'kept' THEN 'stored' ELSE 'wanted' END) AS count,
       is_wanted
  FROM sized
 GROUP BY type, name, key, action, is_wanted
 ORDER BY type COLLATE "C", name COLLATE "C", key COLLATE "C";
