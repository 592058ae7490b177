-- What a run says of days past that its rows no longer carry. An undo says again what was known before the run: where
-- the run (a file of the past, or a row that was changed since) speaks of a span of days, and where a row leaves of
-- which other, undone runs have told too. Who spoke of these days later is left alone.

WITH told AS (
    SELECT t.*, p.no, r.symbol IS NOT NULL AS planned, r.action = 'removed' AND NOT r.by_hand AS leaves,
           (SELECT version FROM data_version WHERE load_id = %(run)s) AS version
      FROM membership_versions t
      JOIN planned_groups p USING (group_id)
      LEFT JOIN planned_rows r ON r.no = p.no AND r.symbol = t.symbol AND NOT r.by_hand
     WHERE t.opened_by = %(run)s AND t.symbol IS NOT NULL
), before AS (
    SELECT d.group_id, d.day, m.symbol, m.weight, m.metadata, m.valid_to
      FROM (SELECT DISTINCT group_id, valid_from AS day, version FROM told) d
     CROSS JOIN LATERAL members_on(ARRAY[d.group_id], d.day, d.version - 1) m
), later AS (
    SELECT l.group_id, l.symbol, l.valid_from, l.valid_to
      FROM membership_versions l
      JOIN data_version o ON o.load_id = l.opened_by
     WHERE o.version > (SELECT version FROM data_version WHERE load_id = %(run)s)
       AND l.valid_to IS DISTINCT FROM l.valid_from
       AND l.group_id IN (SELECT group_id FROM planned_groups)
)
SELECT record_past(group_id, from_day, array_agg(symbol::text), array_agg(weight), array_agg(metadata),
                   array_agg(until_day))
  FROM (
    SELECT t.group_id, t.valid_from AS from_day, t.symbol, b.weight, b.metadata,
           LEAST(t.valid_to, (SELECT min(l.valid_from) FROM later l
                               WHERE l.group_id = t.group_id AND l.symbol = t.symbol AND l.valid_from > t.valid_from))
               AS until_day
      FROM told t
      LEFT JOIN before b ON b.group_id = t.group_id AND b.day = t.valid_from AND b.symbol = t.symbol
     WHERE t.valid_to > t.valid_from AND t.closed_by <> %(undo)s
       AND (t.closed_by = %(run)s OR NOT t.planned)  -- what is put back says so itself
       AND NOT EXISTS (  -- it no longer holds
               SELECT FROM later l
                WHERE l.group_id = t.group_id AND l.symbol = t.symbol
                  AND l.valid_from <= t.valid_from AND COALESCE(l.valid_to, 'infinity') > t.valid_from)
    UNION ALL
    SELECT t.group_id, GREATEST(t.valid_from, b.valid_to), t.symbol, NULL, NULL,
           LEAST(max(l.valid_to), (SELECT min(s.as_of) FROM snapshots s
                                    WHERE s.group_id = t.group_id AND s.load_id <> %(run)s AND s.as_of > t.valid_from))
      FROM told t
      LEFT JOIN before b ON b.group_id = t.group_id AND b.day = t.valid_from AND b.symbol = t.symbol
      JOIN membership_versions l
        ON l.group_id = t.group_id AND l.symbol = t.symbol AND l.closed_by <> %(undo)s AND l.valid_to > t.valid_from
     WHERE t.leaves AND t.closed_by IS DISTINCT FROM %(run)s
     GROUP BY t.group_id, t.valid_from, b.valid_to, t.symbol
  ) said
 WHERE until_day > from_day
 GROUP BY group_id, from_day;
