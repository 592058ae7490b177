-- Make the stored rows what the plan says. Sorted, so that no two writers ever wait for each other in a ring.

UPDATE definition_groups g
   SET description = p.description, metadata = p.metadata
  FROM planned_groups p
 WHERE p.action = 'changed' AND g.id = p.group_id;

INSERT INTO group_memberships (group_id, symbol, weight, metadata)
SELECT g.group_id, r.symbol, r.new_weight, '{"source": "file"}'
  FROM planned_rows r
  JOIN planned_groups g USING (no)
 WHERE r.action = 'added'
 ORDER BY g.group_id, r.symbol;

UPDATE group_memberships m
   SET weight = r.new_weight,
       metadata = CASE WHEN m.metadata ->> 'source' = 'file' THEN m.metadata
                       ELSE m.metadata || '{"source": "file"}' END
  FROM (SELECT membership_id, new_weight FROM planned_rows WHERE action = 'changed' ORDER BY membership_id) r
 WHERE m.id = r.membership_id;

DELETE FROM group_memberships m
 USING (SELECT membership_id FROM planned_rows WHERE action = 'removed' ORDER BY membership_id) r
 WHERE m.id = r.membership_id;

DELETE FROM definition_groups g
 USING planned_groups p
 WHERE p.action = 'removed' AND g.id = p.group_id;
