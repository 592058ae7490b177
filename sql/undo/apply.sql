-- Make groups and members what they were. Those that come back have the ids that they had.

INSERT INTO definition_groups (id, name, type, description, metadata, environment)
SELECT group_id, metadata ->> 'name', metadata ->> 'type', metadata ->> 'description', metadata -> 'metadata',
       metadata ->> 'environment'
  FROM planned_groups
 WHERE action = 'added'
 ORDER BY group_id;

UPDATE definition_groups g
   SET name = p.metadata ->> 'name', type = p.metadata ->> 'type', description = p.metadata ->> 'description',
       metadata = p.metadata -> 'metadata', environment = p.metadata ->> 'environment'
  FROM planned_groups p
 WHERE p.action = 'changed' AND g.id = p.group_id;

INSERT INTO group_memberships (id, group_id, symbol, weight, metadata, added_at)
SELECT CASE WHEN t.id IS NULL THEN nextval('group_memberships_id_seq') ELSE i.id END,
       r.no, r.symbol, r.new_weight, r.new_metadata, COALESCE(i.added_at, CURRENT_TIMESTAMP)
  FROM planned_rows r
  LEFT JOIN removed_memberships i ON i.removed_by = %(run)s AND i.group_id = r.no AND i.symbol = r.symbol
  LEFT JOIN (SELECT id FROM removed_memberships WHERE removed_by = %(run)s
             EXCEPT SELECT id FROM group_memberships) t ON t.id = i.id
 WHERE r.action = 'added'
 ORDER BY r.no, r.symbol;

UPDATE group_memberships m
   SET weight = r.new_weight, metadata = r.new_metadata
  FROM planned_rows r
 WHERE r.action = 'changed' AND m.id = r.membership_id;

DELETE FROM group_memberships m
 USING planned_rows r
 WHERE r.action = 'removed' AND m.id = r.membership_id;

DELETE FROM definition_groups g
 USING planned_groups p
 WHERE p.action = 'removed' AND g.id = p.group_id;
