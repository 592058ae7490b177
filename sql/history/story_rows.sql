-- Every membership that a run changed, by group: added and removed, the heaviest first; then changed, the largest
-- move first; then what it said of the past. At most so many of each group, where there is a limit.

WITH touched AS MATERIALIZED (
    SELECT group_id, symbol, weight, metadata, valid_from, valid_to, opened_by = %(run)s AS opened,
           closed_by IS NOT DISTINCT FROM %(run)s AS closed
      FROM membership_versions
     WHERE (opened_by = %(run)s OR closed_by = %(run)s) AND symbol IS NOT NULL
), changes AS (
    SELECT group_id, symbol,
           CASE WHEN c.group_id IS NULL THEN 'added'
                WHEN o.group_id IS NULL THEN 'removed' ELSE 'changed' END AS action,
           c.weight AS old_weight, o.weight AS new_weight, c.metadata AS old_metadata, o.metadata AS new_metadata,
           COALESCE(o.valid_from, c.valid_to) AS from_day, NULL::date AS to_day
      FROM (SELECT * FROM touched WHERE opened AND NOT closed) o
      FULL JOIN (SELECT * FROM touched WHERE closed AND NOT opened) c USING (group_id, symbol)
    UNION ALL
    SELECT group_id, symbol, 'past', NULL, weight, NULL, metadata, valid_from, valid_to
      FROM touched
     WHERE opened AND closed AND valid_to > valid_from
), numbered AS (
    SELECT c.*, row_number() OVER (
               PARTITION BY group_id
               ORDER BY array_position('{added,removed,changed,past}', action),
                        abs(COALESCE(new_weight, 0) - COALESCE(old_weight, 0)) DESC, symbol, from_day) AS no
      FROM changes c
)
SELECT n.group_id, n.symbol, n.action, n.old_weight, n.new_weight, n.old_metadata, n.new_metadata, n.from_day, n.to_day
  FROM numbered n
  JOIN unnest(%(groups)s::integer[]) WITH ORDINALITY AS g (group_id, place) USING (group_id)
 WHERE %(limit)s::integer IS NULL OR n.no <= %(limit)s
 ORDER BY g.place, n.no
