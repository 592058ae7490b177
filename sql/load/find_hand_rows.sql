-- In the groups that are not as the last load left them: the rows that a hand made, edited or deleted, and the
-- adopted ones.

INSERT INTO hand_rows (group_id, symbol, adopted)
SELECT m.group_id, m.symbol, r.kind IS NOT DISTINCT FROM 'adopted'
  FROM group_memberships m
  LEFT JOIN membership_versions v
    ON v.group_id = m.group_id AND v.symbol = m.symbol AND v.closed_by IS NULL
  LEFT JOIN load_runs r ON r.id = v.opened_by
 WHERE m.group_id = ANY (%(drifted)s)
   AND (m.metadata ->> 'source' IS NULL
        OR r.kind = 'manual'
        OR v.weight IS DISTINCT FROM m.weight)
UNION
SELECT v.group_id, v.symbol, false
  FROM membership_versions v
  JOIN load_runs r ON r.id = v.closed_by AND r.kind = 'manual'
 WHERE v.group_id = ANY (%(drifted)s)
   AND v.symbol <> ''
   AND NOT EXISTS (SELECT FROM membership_versions later
                    WHERE later.group_id = v.group_id AND later.symbol = v.symbol
                      AND later.opened_by >= v.closed_by)
   AND NOT EXISTS (SELECT FROM group_memberships m
                    WHERE m.group_id = v.group_id AND m.symbol = v.symbol);
