-- The sectors as the rows that a load wants, each group with its fingerprint. A hand's row keeps its stock.

INSERT INTO staged_rows (no, symbol, metadata)
SELECT s.no, d.symbol, d.metadata
  FROM decided d
  JOIN staged_groups s ON s.name = d.sector
 WHERE NOT d.pinned;

UPDATE staged_groups s
   SET has_rows = true, path = %(path)s, format = 'evidence', checksum = %(checksum)s, split_off = '{}', warnings = '[]',
       rows = c.members, members = c.members, fingerprint = c.fingerprint
  FROM (
      SELECT s.no, count(r.symbol) AS members,
             md5(COALESCE(string_agg(r.symbol || '||' || r.metadata::text, E'\n' ORDER BY r.symbol), '')) AS fingerprint
        FROM staged_groups s LEFT JOIN staged_rows r USING (no)
       GROUP BY s.no
  ) c
 WHERE c.no = s.no;
