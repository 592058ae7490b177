-- Put files of the past on record, and what they say into the history. The stored rows stay as they are.

INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint, stored_fingerprint, as_of,
                        rows, members, split_off, warnings, added, changed, removed, unchanged, scope)
SELECT %(run)s, p.group_id, s.name, s.path, s.format, s.checksum, s.fingerprint, s.fingerprint, s.as_of, s.rows,
       s.members, s.split_off, s.warnings,
       count(r.symbol) FILTER (WHERE r.action = 'added'),
       count(r.symbol) FILTER (WHERE r.action = 'changed'),
       count(r.symbol) FILTER (WHERE r.action = 'removed'),
       s.members - count(r.symbol) FILTER (WHERE r.action <> 'removed'), 'past'
  FROM staged_groups s
  JOIN planned_groups p USING (no)
  LEFT JOIN past_rows r USING (no)
 WHERE s.name = ANY (%(past)s)
 GROUP BY p.group_id, s.name, s.path, s.format, s.checksum, s.fingerprint, s.as_of, s.rows, s.members, s.split_off,
          s.warnings;

SELECT record_past(group_id, as_of, array_agg(symbol::text), array_agg(new_weight),
                   array_agg(CASE WHEN action <> 'removed' THEN jsonb '{"source": "file"}' END), array_agg(until_day))
  FROM past_rows r
  JOIN staged_groups s USING (no)
 GROUP BY group_id, as_of;
