-- What would take back what a run did to groups: each becomes what it was before, unless it is no longer as the run
-- left it. Groups in which only members changed, and those that were found to be as their files, are listed too; those for which the run is taken back are not,
-- unless by force, for the rows that were kept then. has_rows: not where the run removed the group, and it
-- stays gone because its name is taken, nor where an undo has taken its creation back; then nothing is said of it, not
-- even of its past.

INSERT INTO planned_groups (no, group_id, name, action, has_rows, description, metadata)
WITH taken_back AS (
    SELECT f.group_id
      FROM undo_chains u
      JOIN load_files f ON f.load_id = u.undo AND f.undone_by IS NULL
     WHERE u.run = %(run)s AND u.takes_back
), touched AS (
    SELECT group_id, symbol, metadata, opened_by, closed_by
      FROM membership_versions
     WHERE (opened_by = %(run)s OR closed_by = %(run)s) AND opened_by IS DISTINCT FROM closed_by
), before AS (
    SELECT group_id, metadata FROM touched WHERE symbol IS NULL AND closed_by = %(run)s
), after AS (
    SELECT group_id, metadata FROM touched WHERE symbol IS NULL AND opened_by = %(run)s
), with_others AS (  -- somebody has put other rows into the group since
    SELECT DISTINCT v.group_id
      FROM membership_versions v
     WHERE v.closed_by IS NULL AND v.opened_by <> %(run)s AND v.symbol IS NOT NULL
       AND v.group_id IN (SELECT group_id FROM after)
       AND NOT EXISTS (SELECT FROM touched t
                        WHERE t.group_id = v.group_id AND t.symbol = v.symbol
                          AND t.opened_by = %(run)s AND t.metadata = v.metadata)
), of_past AS (
    SELECT DISTINCT group_id FROM membership_versions
     WHERE opened_by = %(run)s AND closed_by = %(run)s
), groups AS (
    SELECT t.group_id, b.metadata AS before, a.metadata AS after, n.now,
           COALESCE(b.metadata, a.metadata, n.now, l.metadata) AS shown
      FROM (SELECT DISTINCT group_id FROM touched
            UNION SELECT group_id FROM of_past
            UNION SELECT group_id FROM load_files WHERE load_id = %(run)s) t
      LEFT JOIN before b USING (group_id)
      LEFT JOIN after a USING (group_id)
      LEFT JOIN (SELECT id AS group_id, group_as_version(g) AS now FROM definition_groups g) n USING (group_id)
      LEFT JOIN LATERAL (SELECT metadata FROM membership_versions v
                          WHERE v.group_id = t.group_id AND v.symbol IS NULL AND v.metadata IS NOT NULL
                          ORDER BY v.closed_by DESC NULLS FIRST LIMIT 1) l ON true
)
SELECT group_id, group_id, name, action,
       now IS NOT NULL OR action = 'added' OR (before IS NULL OR after IS NOT NULL) AND EXISTS (
           SELECT FROM group_versions v
            WHERE v.group_id = decided.group_id AND v.denied_by IS NULL AND NOT v.never_held),
       NULL, COALESCE(before, now)
  FROM (
    SELECT groups.*, shown ->> 'name' AS name,
           CASE
               WHEN now IS NOT DISTINCT FROM before OR before IS NULL AND after IS NULL THEN 'unchanged'
               WHEN now IS DISTINCT FROM after AND NOT %(force)s THEN 'kept'
               WHEN EXISTS (  -- the name is taken
                        SELECT FROM definition_groups d
                         WHERE d.id <> group_id
                           AND (d.type, d.name, d.environment)
                               = (before ->> 'type', before ->> 'name', before ->> 'environment')) THEN 'kept'
               WHEN now IS NULL THEN 'added'
               WHEN before IS NOT NULL THEN 'changed'
               WHEN NOT %(force)s AND group_id IN (SELECT group_id FROM with_others) THEN 'kept'
               ELSE 'removed'
           END AS action
      FROM groups
     WHERE shown ->> 'environment' = %(environment)s  -- a hand may have changed several at once
       AND (%(force)s OR group_id NOT IN (SELECT group_id FROM taken_back))
       AND (%(only)s::text IS NULL
            OR (shown ->> 'type', shown ->> 'name') = ('ETF', %(only)s)
            OR shown ->> 'type' = 'SECTOR' AND %(type)s <> 'SECTOR')
  ) decided;
