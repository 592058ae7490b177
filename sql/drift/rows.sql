-- Of each of these groups (no: its place in the list) every row that the last load left or that is stored, and the run
-- that made or took away what differs. Only of the groups that moved is the history asked; the others are as they
-- were left. The two halves of the history have an index each.

WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(groups)s::integer[], %(versions)s::bigint[]) WITH ORDINALITY AS a (group_id, version, no)
), history AS MATERIALIZED (
    SELECT * FROM membership_versions
     WHERE group_id = ANY (%(moved)s) AND symbol IS NOT NULL AND closed_by IS NULL
    UNION ALL
    SELECT * FROM membership_versions
     WHERE group_id = ANY (%(moved)s) AND symbol IS NOT NULL AND closed_by IS NOT NULL
), stored AS (
    SELECT group_id, symbol, weight FROM group_memberships WHERE group_id = ANY (%(groups)s)
), left_then AS (
    SELECT v.group_id, v.symbol, v.weight, v.closed_by
      FROM history v
      JOIN asked a USING (group_id)
      JOIN data_version o ON o.load_id = v.opened_by AND o.version <= a.version
      LEFT JOIN data_version c ON c.load_id = v.closed_by
     WHERE c.version IS NULL OR c.version > a.version
    UNION ALL
    SELECT group_id, symbol, weight, NULL FROM stored WHERE group_id <> ALL (%(moved)s)
), compared AS (
    SELECT group_id, symbol, l.symbol IS NOT NULL AS was, l.weight AS weight_then, s.symbol IS NOT NULL AS is_stored,
           s.weight, l.closed_by, l.symbol IS NULL OR l.weight IS DISTINCT FROM s.weight AS differs
      FROM left_then l
      FULL JOIN stored s USING (group_id, symbol)
)
SELECT a.no, c.symbol, c.was, c.weight_then, c.is_stored, c.weight,
       CASE WHEN NOT c.is_stored THEN c.closed_by WHEN c.differs THEN v.opened_by END AS run
  FROM compared c
  JOIN asked a USING (group_id)
  LEFT JOIN history v
    ON v.group_id = c.group_id AND v.symbol = c.symbol AND v.closed_by IS NULL AND v.weight IS NOT DISTINCT FROM c.weight
 ORDER BY a.no, c.symbol;
