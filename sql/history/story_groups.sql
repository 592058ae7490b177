-- The groups that a run touched: what became of the group itself, how many of its members it changed, of how many it
-- told something of the past, and from when on the group is known, where that is earlier now.

WITH touched AS MATERIALIZED (
    SELECT group_id, symbol, metadata, valid_from, opened_by = %(run)s AS opened,
           closed_by IS NOT DISTINCT FROM %(run)s AS closed, valid_to > valid_from AS held
      FROM membership_versions
     WHERE opened_by = %(run)s OR closed_by = %(run)s
), members AS (
    SELECT group_id,
           count(*) FILTER (WHERE opened AND NOT closed) AS added,
           count(*) FILTER (WHERE opened AND closed) AS changed,
           count(*) FILTER (WHERE closed AND NOT opened) AS removed
      FROM (
          SELECT group_id, symbol, bool_or(opened) AS opened, bool_or(closed) AS closed
            FROM touched
           WHERE symbol IS NOT NULL AND NOT (opened AND closed)
           GROUP BY group_id, symbol
      ) s
     GROUP BY group_id
), past AS (
    SELECT group_id, count(symbol) AS past, min(valid_from) FILTER (WHERE symbol IS NULL AND metadata IS NOT NULL) AS known_from
      FROM touched
     WHERE opened AND closed AND held
     GROUP BY group_id
), groups AS (
    SELECT t.group_id, b.metadata AS before, a.metadata AS after, COALESCE(a.metadata, b.metadata, l.metadata) AS shown
      FROM (SELECT group_id FROM touched WHERE NOT (opened AND closed)
            UNION
            SELECT group_id FROM past) t
      LEFT JOIN touched b ON b.group_id = t.group_id AND b.symbol IS NULL AND b.closed AND NOT b.opened
      LEFT JOIN touched a ON a.group_id = t.group_id AND a.symbol IS NULL AND a.opened AND NOT a.closed
      LEFT JOIN LATERAL (
          SELECT metadata
            FROM membership_versions v
           WHERE v.group_id = t.group_id AND v.symbol IS NULL AND v.metadata IS NOT NULL
           ORDER BY v.closed_by DESC NULLS FIRST
           LIMIT 1
      ) l ON true
)
SELECT group_id, shown ->> 'type', shown ->> 'name', shown ->> 'environment', before, after,
       COALESCE(m.added, 0), COALESCE(m.changed, 0), COALESCE(m.removed, 0), COALESCE(p.past, 0),
       p.known_from
  FROM groups
  LEFT JOIN members m USING (group_id)
  LEFT JOIN past p USING (group_id)
 ORDER BY shown ->> 'type', shown ->> 'name', group_id;
