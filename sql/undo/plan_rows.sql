-- What would take back what a run did to members: each row becomes what it was before, unless it is no longer as the
-- run left it; such a row is kept.

INSERT INTO planned_rows (no, symbol, membership_id, old_weight, new_weight, new_metadata, action, in_file, by_hand)
WITH before AS (
    SELECT group_id, symbol, weight, metadata
      FROM membership_versions
     WHERE closed_by = %(run)s AND opened_by <> %(run)s AND symbol IS NOT NULL
), after AS (
    SELECT group_id, symbol, weight, metadata
      FROM membership_versions
     WHERE opened_by = %(run)s AND closed_by IS DISTINCT FROM %(run)s AND symbol IS NOT NULL
), compared AS (
    SELECT p.no, p.name, p.action AS of_group, t.symbol, m.id, m.weight AS now_weight, t.before_weight,
           t.before_metadata,
           t.was AND m.id IS NOT NULL
               AND (m.weight, m.metadata) IS NOT DISTINCT FROM (t.before_weight, t.before_metadata)
               OR NOT t.was AND m.id IS NULL AS as_before,
           t.was_left AND m.id IS NOT NULL
               AND (m.weight, m.metadata) IS NOT DISTINCT FROM (t.after_weight, t.after_metadata)
               OR NOT t.was_left AND m.id IS NULL AS as_left,
           t.was
      FROM (SELECT group_id, symbol, b.weight AS before_weight, b.metadata AS before_metadata,
                   a.weight AS after_weight, a.metadata AS after_metadata,
                   b.symbol IS NOT NULL AS was, a.symbol IS NOT NULL AS was_left
              FROM before b FULL JOIN after a USING (group_id, symbol)) t
      JOIN planned_groups p USING (group_id)
      LEFT JOIN group_memberships m USING (group_id, symbol)
)
SELECT no, symbol, id, now_weight, before_weight, before_metadata,
       CASE WHEN NOT as_left AND NOT %(force)s THEN 'kept'
            WHEN was AND of_group <> 'added' AND id IS NULL  -- its group is gone
                 AND NOT EXISTS (SELECT FROM definition_groups d WHERE d.id = no) THEN 'kept'
            WHEN was AND id IS NULL THEN 'added'
            WHEN was THEN 'changed'
            ELSE 'removed' END,
       was, NOT as_left
  FROM compared
 WHERE NOT as_before;

-- A group that goes takes along what others put into it, by force.
INSERT INTO planned_rows (no, symbol, membership_id, old_weight, action, in_file, by_hand)
SELECT p.no, m.symbol, m.id, m.weight, 'removed', false, true
  FROM planned_groups p
  JOIN group_memberships m USING (group_id)
 WHERE p.action = 'removed' AND %(force)s
   AND NOT EXISTS (SELECT FROM planned_rows r WHERE r.no = p.no AND r.symbol = m.symbol);

-- The stocks that entered a sector with the run leave it, but for those that are members of something all the same and
-- have no other sector; those that left one come back, but for those that would be members of nothing else. With one
-- fund alone nothing else of the sectors is taken back.
DELETE FROM planned_rows r
 USING planned_groups p
  JOIN definition_groups d ON d.id = p.group_id AND d.type = 'SECTOR'
 WHERE %(type)s <> 'SECTOR' AND p.no = r.no
   AND (r.action <> 'removed' AND %(only)s::text IS NOT NULL
        OR r.action = 'added'
        AND NOT EXISTS (SELECT FROM planned_rows x
                          JOIN planned_groups s ON s.no = x.no AND s.metadata ->> 'type' <> 'SECTOR'
                         WHERE x.symbol = r.symbol AND x.action = 'added')
        AND NOT EXISTS (SELECT FROM group_memberships m
                          JOIN definition_groups g ON g.id = m.group_id AND g.type <> 'SECTOR'
                         WHERE m.symbol = r.symbol AND g.environment = %(environment)s
                           AND NOT EXISTS (SELECT FROM planned_rows x
                                            WHERE x.membership_id = m.id AND x.action = 'removed'))
        OR r.action = 'removed'
        AND EXISTS (SELECT FROM group_memberships m
                      JOIN definition_groups g ON g.id = m.group_id AND g.type <> 'SECTOR'
                     WHERE m.symbol = r.symbol AND g.environment = %(environment)s
                       AND NOT EXISTS (SELECT FROM planned_rows x
                                        WHERE x.membership_id = m.id AND x.action = 'removed'))
        AND NOT EXISTS (SELECT FROM planned_rows x
                          JOIN planned_groups s ON s.no = x.no AND s.metadata ->> 'type' = 'SECTOR'
                         WHERE x.symbol = r.symbol AND x.action = 'added')
        AND NOT EXISTS (SELECT FROM group_memberships m
                          JOIN definition_groups g ON g.id = m.group_id AND g.type = 'SECTOR'
                         WHERE m.symbol = r.symbol AND g.environment = %(environment)s AND m.id <> r.membership_id));

-- A stock that is in another sector by now stays there; by force it leaves that one.
WITH elsewhere AS (
    SELECT r.no, r.symbol, o.id AS group_id, o.name, m.id AS membership_id, m.weight
      FROM planned_rows r
      JOIN planned_groups p ON p.no = r.no AND p.metadata ->> 'type' = 'SECTOR'
      JOIN group_memberships m ON m.symbol = r.symbol AND m.group_id <> p.group_id
      JOIN definition_groups o ON o.id = m.group_id AND o.type = 'SECTOR' AND o.environment = %(environment)s
     WHERE r.action = 'added'
       AND NOT EXISTS (SELECT FROM planned_rows x WHERE x.membership_id = m.id AND x.action = 'removed')
), kept AS (
    UPDATE planned_rows r
       SET action = 'kept', by_hand = true
      FROM elsewhere e
     WHERE NOT %(force)s AND (r.no, r.symbol) = (e.no, e.symbol)
), groups AS (
    INSERT INTO planned_groups (no, group_id, name, action, has_rows)
    SELECT DISTINCT group_id, group_id, name, 'unchanged', true
      FROM elsewhere
     WHERE %(force)s AND group_id NOT IN (SELECT group_id FROM planned_groups)
)
INSERT INTO planned_rows (no, symbol, membership_id, old_weight, action, in_file, by_hand)
SELECT group_id, symbol, membership_id, weight, 'removed', false, true
  FROM elsewhere
 WHERE %(force)s;

DELETE FROM planned_groups p
 WHERE %(only)s::text IS NOT NULL AND p.name <> %(only)s
   AND NOT EXISTS (SELECT FROM planned_rows r WHERE r.no = p.no);

-- A row that is not as the run left it stays, and with it the group.
UPDATE planned_groups p
   SET action = 'kept'
 WHERE p.action = 'removed' AND EXISTS (SELECT FROM planned_rows r WHERE r.no = p.no AND r.action = 'kept');
