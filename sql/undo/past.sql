-- What a run says of days past that its rows no longer carry. An undo says again what was known before the run: where
-- the run (a file of the past, or a row that was changed since) speaks of a span of days, and where a row leaves of
-- which other, undone runs have told too. Of a row that the run took out it says from a day on that it is no member.
-- Who spoke of these days later is left alone; but not a run that was taken back, nor an undo that only said again what
-- this run, or a later one, had found. And a file that was read later, and tells of the days up to a file of the past
-- that is undone, goes on: to the next one.

WITH echoes AS (
    SELECT u.undo AS id
      FROM undo_chains u
      JOIN data_version d ON d.load_id = u.run
     GROUP BY u.undo
    HAVING min(d.version) >= (SELECT version FROM data_version WHERE load_id = %(run)s)
), going_on AS (
    SELECT f.group_id, f.as_of AS day, m.symbol, m.weight, m.metadata,
           (SELECT min(n.as_of) FROM snapshots n WHERE n.group_id = f.group_id AND n.as_of > f.as_of) AS until_day
      FROM load_files f
      JOIN planned_groups p ON p.group_id = f.group_id AND p.has_rows
     CROSS JOIN LATERAL (
        SELECT s.as_of, d.version
          FROM snapshots s
          JOIN data_version d USING (load_id)
         WHERE s.group_id = f.group_id AND s.load_id <> f.load_id AND s.as_of <= f.as_of
         ORDER BY s.as_of DESC, d.version DESC
         LIMIT 1
     ) last
     CROSS JOIN LATERAL (
        SELECT symbol, m.weight, m.metadata
          FROM members_on(ARRAY[f.group_id], f.as_of - 1) m
          FULL JOIN members_on(ARRAY[f.group_id], f.as_of) n USING (symbol)
     ) m
     WHERE f.load_id = %(run)s AND f.scope = 'past' AND f.undone_by IS NULL AND last.as_of < f.as_of
       AND last.version > (SELECT version FROM data_version WHERE load_id = f.load_id)
), told AS (
    SELECT s.*, r.symbol IS NOT NULL AS planned, r.action = 'removed' AND NOT r.by_hand AS leaves,
           (SELECT version FROM data_version WHERE load_id = %(run)s) AS version
      FROM (
        SELECT group_id, symbol, valid_from, valid_to, closed_by
          FROM membership_versions
         WHERE opened_by = %(run)s AND symbol IS NOT NULL
        UNION ALL
        SELECT group_id, symbol, valid_to,
               COALESCE((SELECT max(g.valid_to) FROM membership_versions g
                          WHERE g.group_id = c.group_id AND g.symbol IS NULL
                            AND NOT EXISTS (SELECT FROM definition_groups d WHERE d.id = g.group_id)), 'infinity'),
               0
          FROM membership_versions c
         WHERE closed_by = %(run)s AND opened_by <> %(run)s AND symbol IS NOT NULL
           AND NOT EXISTS (SELECT FROM membership_versions o
                            WHERE o.opened_by = %(run)s AND o.group_id = c.group_id AND o.symbol = c.symbol)
      ) s
      JOIN planned_groups p ON p.group_id = s.group_id AND p.has_rows
      LEFT JOIN planned_rows r ON r.no = p.no AND r.symbol = s.symbol AND NOT r.by_hand AND r.action <> 'kept'
), spoken AS (
    SELECT * FROM told
     WHERE valid_to > valid_from AND closed_by <> %(undo)s
       AND (closed_by = %(run)s OR NOT planned)  -- what is put back says so itself
), left_over AS (
    SELECT t.group_id, t.symbol, t.valid_from, t.version, max(l.valid_to) AS valid_to
      FROM told t
      JOIN membership_versions l
        ON l.group_id = t.group_id AND l.symbol = t.symbol AND l.closed_by <> %(undo)s AND l.valid_to > t.valid_from
     WHERE t.leaves AND t.closed_by IS DISTINCT FROM %(run)s
     GROUP BY t.group_id, t.symbol, t.valid_from, t.version
), before AS (
    SELECT d.group_id, d.day, m.symbol, m.weight, m.metadata, m.valid_to
      FROM (SELECT group_id, valid_from AS day, version FROM spoken
            UNION
            SELECT group_id, valid_from, version FROM left_over) d
     CROSS JOIN LATERAL members_on(ARRAY[d.group_id], d.day, d.version - 1) m
     WHERE (d.group_id, d.day) NOT IN (SELECT group_id, day FROM going_on)
), later AS (
    SELECT l.group_id, l.symbol, l.valid_from, l.valid_to
      FROM membership_versions l
      JOIN data_version o ON o.load_id = l.opened_by
     WHERE o.version > (SELECT version FROM data_version WHERE load_id = %(run)s)
       AND l.valid_to IS DISTINCT FROM l.valid_from
       AND l.group_id IN (SELECT group_id FROM planned_groups)
       AND l.opened_by NOT IN (SELECT id FROM echoes)
       AND NOT EXISTS (
               SELECT FROM load_runs u
                 JOIN load_files f ON f.load_id = u.id AND f.undone_by IS NULL
                WHERE u.undoes = l.opened_by AND f.group_id = l.group_id)
)
SELECT record_past(group_id, from_day, array_agg(symbol::text), array_agg(weight), array_agg(metadata),
                   array_agg(until_day))
  FROM (
    SELECT t.group_id, t.valid_from AS from_day, t.symbol, b.weight, b.metadata,
           LEAST(t.valid_to, (SELECT min(l.valid_from) FROM later l
                               WHERE l.group_id = t.group_id AND l.symbol = t.symbol AND l.valid_from > t.valid_from))
               AS until_day
      FROM spoken t
      LEFT JOIN before b ON b.group_id = t.group_id AND b.day = t.valid_from AND b.symbol = t.symbol
     WHERE NOT EXISTS (  -- it no longer holds
               SELECT FROM later l
                WHERE l.group_id = t.group_id AND l.symbol = t.symbol
                  AND l.valid_from <= t.valid_from AND COALESCE(l.valid_to, 'infinity') > t.valid_from)
       AND (t.group_id, t.valid_from, t.symbol) NOT IN (SELECT group_id, day, symbol FROM going_on)
    UNION ALL
    SELECT group_id, day, symbol, weight, metadata, until_day FROM going_on
    UNION ALL
    SELECT t.group_id, GREATEST(t.valid_from, b.valid_to), t.symbol, NULL, NULL,
           LEAST(t.valid_to, (SELECT min(s.as_of) FROM snapshots s
                               WHERE s.group_id = t.group_id AND s.load_id <> %(run)s AND s.as_of > t.valid_from))
      FROM left_over t
      LEFT JOIN before b ON b.group_id = t.group_id AND b.day = t.valid_from AND b.symbol = t.symbol
  ) said
 WHERE until_day > from_day AND until_day < 'infinity'
 GROUP BY group_id, from_day;
