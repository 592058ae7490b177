-- In the groups that are not as the last load left them: the rows that a hand made, edited or deleted since, and
-- those that the last load kept as a hand's. Adopted rows, there since before the migration, are among them; rows
-- that a load of another type put there (a stock that entered as unknown) are not.

INSERT INTO hand_rows (group_id, symbol, adopted)
WITH last AS (
    SELECT f.group_id, f.kept_symbols, d.version
      FROM last_files f JOIN data_version d USING (load_id)
     WHERE f.group_id = ANY (%(drifted)s)
), left_then AS (
    SELECT v.group_id, v.symbol, v.weight,
           CASE WHEN %(type)s = 'SECTOR' THEN sector_evidence(v.metadata) END AS evidence
      FROM last l
      JOIN membership_versions v ON v.group_id = l.group_id AND v.symbol IS NOT NULL
      JOIN data_version o ON o.load_id = v.opened_by AND o.version <= l.version
      LEFT JOIN data_version c ON c.load_id = v.closed_by
     WHERE c.version IS NULL OR c.version > l.version
), stored AS (
    SELECT group_id, symbol, weight, metadata,
           CASE WHEN %(type)s = 'SECTOR' THEN sector_evidence(metadata) END AS evidence
      FROM group_memberships WHERE group_id = ANY (%(drifted)s)
), by_hand AS (
    SELECT group_id, symbol, bool_or(known) AS known
      FROM (
        SELECT group_id, unnest(kept_symbols) AS symbol, true AS known FROM last
        UNION ALL
        SELECT group_id, symbol, NOT (t IS NULL)
          FROM left_then t FULL JOIN stored s USING (group_id, symbol)
         WHERE t IS NULL OR s IS NULL OR (t.weight, t.evidence) IS DISTINCT FROM (s.weight, s.evidence)
      ) found
     GROUP BY group_id, symbol
)
SELECT h.group_id, h.symbol,
       (s.metadata ->> 'source' = ANY (%(sources)s)) IS NOT TRUE AND origin_kind(r.kind, v) IS NOT DISTINCT FROM 'adopted'
  FROM by_hand h
  LEFT JOIN stored s USING (group_id, symbol)
  LEFT JOIN membership_versions v
    ON v.group_id = h.group_id AND v.symbol = h.symbol AND v.closed_by IS NULL
  LEFT JOIN load_runs r ON r.id = v.opened_by
 WHERE h.known
    OR (r.kind IS DISTINCT FROM 'load' OR (v.weight, v.metadata) IS DISTINCT FROM (s.weight, s.metadata))
       AND NOT EXISTS (  -- what a load of another type put there stays that load's when a hand adds a note
           SELECT FROM membership_versions e
             JOIN load_runs o ON o.id = e.opened_by AND o.kind = 'load'
             JOIN data_version d ON d.load_id = o.id
            WHERE e.group_id = h.group_id AND e.symbol = h.symbol AND e.closed_by IS NOT NULL
              AND d.version > COALESCE((SELECT version FROM last l WHERE l.group_id = h.group_id), 0)
              AND e.weight IS NOT DISTINCT FROM s.weight
              AND CASE WHEN %(type)s = 'SECTOR' THEN sector_evidence(e.metadata) END IS NOT DISTINCT FROM s.evidence);
