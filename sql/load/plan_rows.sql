-- The one comparison: what the files say against what is stored, row by row. (The rows of new groups need none.)

-- Nobody has counted our temporary tables yet, and the planner, who takes them for small, would sort them whole.
SET LOCAL enable_mergejoin = off;

INSERT INTO planned_rows (no, symbol, membership_id, old_weight, new_weight, new_metadata, action, in_file, by_hand)
SELECT no, symbol, id, old_weight, new_weight, new_metadata, action, in_file, hand
  FROM (
    SELECT *,
           CASE
               -- Every stock is in a sector: one that a hand took out, and put nowhere else, comes back.
               WHEN id IS NULL THEN CASE WHEN leave AND %(type)s <> 'SECTOR' THEN 'kept' ELSE 'added' END
               WHEN NOT staged THEN 'removed'
               WHEN NOT in_file AND leave THEN 'kept'
               -- A stock is in one sector: an adopted row gives way where the evidence puts it elsewhere.
               WHEN NOT in_file AND %(leave_hand)s AND adopted
                    AND (%(type)s <> 'SECTOR' OR NOT EXISTS (SELECT FROM staged_rows s WHERE s.symbol = compared.symbol))
                    THEN 'kept'
               WHEN NOT in_file AND %(keep_missing)s THEN 'missing'
               WHEN NOT in_file THEN 'removed'
               WHEN old_weight IS NOT DISTINCT FROM new_weight AND same_metadata AND (owned OR leave) THEN 'unchanged'
               WHEN leave THEN 'kept'
               ELSE 'changed'
           END AS action
      FROM (
        SELECT COALESCE(w.no, m.no) AS no,
               COALESCE(w.symbol, m.symbol) AS symbol,
               m.id, m.weight AS old_weight, w.weight AS new_weight, m.staged, m.owned,
               w.metadata AS new_metadata,
               w.metadata IS NULL OR m.metadata || w.metadata = m.metadata AS same_metadata,
               w.symbol IS NOT NULL AS in_file,
               COALESCE(h.adopted, false) AS adopted,
               %(leave_hand)s AND h.adopted IS NOT TRUE AND (h.symbol IS NOT NULL OR m.owned IS FALSE) AS leave,
               h.adopted IS NOT TRUE AND (h.symbol IS NOT NULL OR m.owned IS FALSE) AS hand
          FROM (
              SELECT r.no, g.group_id, r.symbol, r.weight, r.metadata
                FROM staged_rows r
                JOIN planned_groups g USING (no)
               WHERE g.action <> 'added' AND g.has_rows
          ) w
          FULL JOIN (
              SELECT g.no, m.group_id, m.symbol, m.id, m.weight, g.has_rows AS staged,
                     COALESCE(m.metadata ->> 'source' = ANY (%(sources)s), false) AS owned,
                     CASE WHEN %(type)s = 'SECTOR' THEN m.metadata END AS metadata
                FROM group_memberships m
                JOIN planned_groups g ON g.group_id = m.group_id
               WHERE g.has_rows OR g.action = 'removed'
          ) m ON m.no = w.no AND m.symbol = w.symbol
          LEFT JOIN hand_rows h
            ON h.group_id = COALESCE(w.group_id, m.group_id) AND h.symbol = COALESCE(w.symbol, m.symbol)
      ) compared
  ) decided
 WHERE action <> 'unchanged';

SET LOCAL enable_mergejoin = on;
