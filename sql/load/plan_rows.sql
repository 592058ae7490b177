-- The one comparison: what the files say against what is stored, row by row.

INSERT INTO planned_rows (no, symbol, membership_id, old_weight, new_weight, action, in_file, by_hand)
SELECT *
  FROM (
    SELECT COALESCE(w.no, m.no) AS no,
           COALESCE(w.symbol, m.symbol) AS symbol,
           m.id, m.weight AS old_weight, w.weight AS new_weight,
           CASE
               WHEN m.id IS NULL THEN CASE WHEN h.symbol IS NOT NULL AND %(leave_hand)s THEN 'kept' ELSE 'added' END
               WHEN w.symbol IS NULL AND NOT m.staged THEN 'removed'
               WHEN w.symbol IS NULL AND %(leave_hand)s AND h.symbol IS NOT NULL THEN 'kept'
               WHEN w.symbol IS NULL THEN CASE WHEN %(keep_missing)s THEN 'missing' ELSE 'removed' END
               WHEN h.symbol IS NULL OR h.adopted OR NOT %(leave_hand)s
                   THEN CASE WHEN m.weight IS DISTINCT FROM w.weight OR NOT m.owned THEN 'changed' ELSE 'unchanged' END
               WHEN m.weight IS DISTINCT FROM w.weight THEN 'kept'
               ELSE 'unchanged'
           END AS action,
           w.symbol IS NOT NULL AS in_file,
           h.adopted IS FALSE AS by_hand
      FROM (
          SELECT r.no, g.group_id, r.symbol, r.weight
            FROM staged_rows r
            JOIN planned_groups g USING (no)
      ) w
      FULL JOIN (
          SELECT g.no, m.group_id, m.symbol, m.id, m.weight, g.has_rows AS staged,
                 COALESCE(m.metadata ->> 'source' = 'file', false) AS owned
            FROM group_memberships m
            JOIN planned_groups g ON g.group_id = m.group_id
           WHERE g.has_rows OR g.action = 'removed'
      ) m ON m.no = w.no AND m.symbol = w.symbol
      LEFT JOIN hand_rows h
        ON h.group_id = COALESCE(w.group_id, m.group_id) AND h.symbol = COALESCE(w.symbol, m.symbol)
  ) compared
 WHERE action <> 'unchanged';
