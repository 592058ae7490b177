-- Renames that the files stored do not bear out: a group holds the new symbol already on the day before, or its first
-- file since then still holds the old one. (Unless that symbol passed on to, or came from, another one on that day.)

WITH renames AS (
    SELECT *
      FROM unnest(%(old_symbols)s::text[], %(new_symbols)s::text[], %(days)s::date[])
           AS r (old_symbol, new_symbol, renamed_on)
), doubts AS (
    SELECT r.*, 'before' AS doubt, m.group_id, r.renamed_on - 1 AS day
      FROM renames r
     CROSS JOIN LATERAL memberships_on(r.new_symbol, r.renamed_on - 1) m
     WHERE NOT EXISTS (SELECT FROM renames x WHERE (x.old_symbol, x.renamed_on) = (r.new_symbol, r.renamed_on))
    UNION ALL
    SELECT r.*, 'after', s.group_id, s.as_of
      FROM renames r
     CROSS JOIN LATERAL memberships_on(r.old_symbol, r.renamed_on) o
     CROSS JOIN LATERAL (
        SELECT group_id, min(as_of) AS as_of
          FROM snapshots
         WHERE group_id = o.group_id AND as_of >= r.renamed_on
         GROUP BY group_id
     ) s
     CROSS JOIN LATERAL memberships_on(r.old_symbol, s.as_of) m
     WHERE m.group_id = s.group_id
       AND NOT EXISTS (SELECT FROM renames x WHERE (x.new_symbol, x.renamed_on) = (r.old_symbol, r.renamed_on))
)
SELECT d.old_symbol, d.new_symbol, d.renamed_on, d.doubt, min(d.day), array_agg(DISTINCT g.metadata ->> 'name')
  FROM doubts d
  JOIN group_versions g ON g.group_id = d.group_id
 GROUP BY d.old_symbol, d.new_symbol, d.renamed_on, d.doubt
 ORDER BY d.renamed_on, d.old_symbol, d.doubt DESC;
