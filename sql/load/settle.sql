-- A file may tell of days before the last change of a row: a hand's, or a load of a file without a date. From its day
-- on its word counts: rows that it has, and that were stored later, are older than it was known; rows that it does
-- not have ended on its day.

SELECT record_past(group_id, as_of, array_agg(symbol::text), array_agg(weight), array_agg(metadata), array_agg(until_day))
  FROM (
    SELECT f.group_id, f.as_of, v.symbol, v.weight, v.metadata, v.valid_from AS until_day
      FROM load_files f
      JOIN membership_versions v USING (group_id)
     WHERE f.load_id = %(run)s AND f.scope = 'present' AND f.group_name = ANY (%(groups)s)
       AND v.closed_by IS NULL AND v.symbol IS NOT NULL AND v.opened_by <> f.load_id AND v.valid_from > f.as_of
       AND v.symbol <> ALL (f.kept_symbols)
    UNION ALL
    SELECT f.group_id, f.as_of, v.symbol, NULL, NULL, max(v.valid_to)
      FROM load_files f
      JOIN membership_versions v USING (group_id)
     WHERE f.load_id = %(run)s AND f.scope = 'present' AND f.group_name = ANY (%(groups)s)
       AND v.closed_by IS NOT NULL AND v.symbol IS NOT NULL AND v.valid_to > f.as_of
       AND v.symbol <> ALL (f.kept_symbols)
       AND NOT EXISTS (SELECT FROM membership_versions o
                        WHERE o.group_id = v.group_id AND o.symbol = v.symbol AND o.closed_by IS NULL)
     GROUP BY f.group_id, f.as_of, v.symbol
  ) told
 GROUP BY group_id, as_of;
