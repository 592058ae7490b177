-- Make the stored rows what the plan says. Loads of a type never meet (their lock); a hand that holds rows in
-- another order may, and then one of the two is told so and the load tries again.

UPDATE definition_groups g
   SET description = p.description, metadata = p.metadata
  FROM planned_groups p
 WHERE p.action = 'changed' AND g.id = p.group_id;

INSERT INTO group_memberships (group_id, symbol, weight, metadata)
SELECT g.group_id, r.symbol, r.new_weight, COALESCE(r.new_metadata, '{"source": "file"}')
  FROM planned_changes r
  JOIN planned_groups g USING (no)
 WHERE r.action = 'added'
 ORDER BY g.group_id, r.symbol;

UPDATE group_memberships m
   SET weight = r.new_weight,
       -- Others may have left a JSON string or list there; || would make a list of both.
       metadata = CASE WHEN r.new_metadata IS NULL AND m.metadata ->> 'source' = 'file' THEN m.metadata
                       WHEN jsonb_typeof(m.metadata) = 'object'
                            THEN m.metadata || COALESCE(r.new_metadata, '{"source": "file"}')
                       ELSE COALESCE(r.new_metadata, '{"source": "file"}') END
  FROM planned_rows r
 WHERE r.action = 'changed' AND m.id = r.membership_id;

DELETE FROM group_memberships m
 USING planned_rows r
 WHERE r.action = 'removed' AND m.id = r.membership_id;

DELETE FROM definition_groups g
 USING planned_groups p
 WHERE p.action = 'removed' AND g.id = p.group_id;
