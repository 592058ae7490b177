-- What one load did to the memberships of its type: the 10 largest moves of a weight, and of the rows that it added
-- and of those that it removed the 20 heaviest each.

WITH groups AS (
    SELECT id, name FROM environment_groups WHERE type = %(type)s
    UNION ALL
    SELECT group_id, metadata ->> 'name' FROM membership_versions
     WHERE symbol IS NULL AND closed_by = %(load_id)s AND metadata ->> 'type' = %(type)s
       AND group_id NOT IN (SELECT id FROM environment_groups)
), changes AS MATERIALIZED (
    SELECT group_id, symbol, c.weight AS old_weight, o.weight AS new_weight,
           CASE WHEN c.group_id IS NULL THEN 'added' WHEN o.group_id IS NULL THEN 'removed' ELSE 'changed' END AS action
      FROM (SELECT * FROM membership_versions WHERE opened_by = %(load_id)s AND symbol IS NOT NULL) o
      FULL JOIN (SELECT * FROM membership_versions WHERE closed_by = %(load_id)s AND symbol IS NOT NULL) c
     USING (group_id, symbol)
     WHERE group_id IN (SELECT id FROM groups)
), listed AS (
    (SELECT *, abs(new_weight - old_weight) AS size FROM changes
      WHERE action = 'changed' AND old_weight IS DISTINCT FROM new_weight
      ORDER BY size DESC NULLS LAST, symbol, group_id LIMIT 10)
    UNION ALL
    (SELECT *, new_weight FROM changes WHERE action = 'added'
      ORDER BY new_weight DESC NULLS LAST, symbol, group_id LIMIT 20)
    UNION ALL
    (SELECT *, old_weight FROM changes WHERE action = 'removed'
      ORDER BY old_weight DESC NULLS LAST, symbol, group_id LIMIT 20)
)
SELECT l.action, g.name AS "group", l.symbol, l.old_weight, l.new_weight
  FROM listed l JOIN groups g ON g.id = l.group_id
 ORDER BY l.action = 'removed', l.action = 'added', l.size DESC NULLS LAST, l.symbol, g.name;
