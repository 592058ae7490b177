-- Files that are older than what is stored: compare them with what is believed of their day. What such a file says
-- holds up to the next day that another file tells of, or on which a hand changed the row.

INSERT INTO past_rows (no, group_id, symbol, old_weight, new_weight, action, until_day)
WITH past AS (
    SELECT s.no, p.group_id, s.as_of,
           (SELECT min(n.as_of) FROM snapshots n WHERE n.group_id = p.group_id AND n.as_of > s.as_of) AS next_day
      FROM staged_groups s
      JOIN planned_groups p USING (no)
     WHERE s.name = ANY (%(past)s)
), hands AS (
    SELECT no, symbol, min(day) AS day
      FROM past
      JOIN membership_versions v USING (group_id)
      JOIN load_runs r ON r.kind = 'manual' AND r.id IN (v.opened_by, v.closed_by)
     CROSS JOIN LATERAL (VALUES (v.valid_from, v.opened_by), (v.valid_to, v.closed_by)) e (day, run)
     WHERE v.symbol IS NOT NULL AND e.run = r.id AND e.day > as_of AND e.day < next_day
     GROUP BY no, symbol
), believed AS (
    SELECT no, m.symbol, m.weight
      FROM past
     CROSS JOIN LATERAL members_on(ARRAY[past.group_id], as_of) m
), compared AS (
    SELECT no, symbol, b.weight AS old_weight, r.weight AS new_weight,
           CASE WHEN b.symbol IS NULL THEN 'added' WHEN r.symbol IS NULL THEN 'removed' ELSE 'changed' END AS action
      FROM (SELECT no, symbol, weight FROM staged_rows JOIN past USING (no)) r
      FULL JOIN believed b USING (no, symbol)
     WHERE b.symbol IS NULL OR r.symbol IS NULL OR b.weight IS DISTINCT FROM r.weight
)
SELECT c.no, p.group_id, c.symbol, c.old_weight, c.new_weight, c.action, LEAST(p.next_day, h.day)
  FROM compared c
  JOIN past p USING (no)
  LEFT JOIN hands h USING (no, symbol);
