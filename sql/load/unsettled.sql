-- The groups whose history reaches beyond the day of their file: it told of later days before.

SELECT s.name
  FROM staged_groups s
  JOIN planned_groups p USING (no)
 WHERE p.has_rows AND p.group_id IS NOT NULL AND s.as_of IS NOT NULL
   AND EXISTS (
       SELECT
         FROM generate_series(0, 13) span
        CROSS JOIN LATERAL (
            SELECT FROM membership_versions v
             WHERE v.closed_by IS NOT NULL AND v.group_id = p.group_id
               AND version_span(v.valid_to - v.valid_from) = span
               AND (span = 13 OR v.valid_from > s.as_of - ((2 << span) - 1))
               AND v.valid_to > s.as_of AND v.symbol IS NOT NULL
             LIMIT 1
        ) beyond
   )
