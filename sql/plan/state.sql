-- A digest of each stored group of a type: of itself, its rows, and the last that was put on record of its files (also
-- of the past, or of their undo).

SELECT g.name,
       md5(concat_ws('|', g.id, group_as_version(g)::text, f.id, m.digest))
  FROM definition_groups g
  LEFT JOIN LATERAL (SELECT max(id) AS id FROM load_files WHERE group_id = g.id) f ON true
  LEFT JOIN LATERAL (
      SELECT md5(string_agg(concat_ws('|', id, symbol, COALESCE(weight::text, ''), metadata::text), E'\n' ORDER BY symbol))
                 AS digest
        FROM group_memberships
       WHERE group_id = g.id
  ) m ON true
 WHERE g.type = %(type)s AND g.environment = %(environment)s
   AND (%(only)s::text IS NULL OR g.name = %(only)s)
 ORDER BY g.name;
