-- What a few letters may mean: symbols that begin with one of some spellings, companies and groups that have the words
-- in their names. So many of each type at most, the best first: as it was typed, then beginnings, then the rest.

WITH named AS (
    SELECT DISTINCT ON (symbol) symbol, name
      FROM stock_sectors
     ORDER BY symbol, sector = 'unknown', sector COLLATE "C"
), members AS (
    SELECT DISTINCT symbol
      FROM environment_memberships
     WHERE EXISTS (SELECT FROM unnest(%(starts)s::text[]) s (start) WHERE starts_with(upper(symbol), s.start))
    UNION
    SELECT symbol FROM named WHERE name ILIKE %(pattern)s
), found AS (
    SELECT '' AS type, m.symbol AS name, n.name AS description,
           CASE WHEN upper(m.symbol) = ANY (%(starts)s) THEN 0
                WHEN lower(n.name) = lower(%(typed)s) THEN 1
                WHEN EXISTS (SELECT FROM unnest(%(starts)s::text[]) s (start)
                              WHERE starts_with(upper(m.symbol), s.start)) THEN 2
                WHEN starts_with(lower(n.name), lower(%(typed)s)) THEN 3
                ELSE 4 END AS rank
      FROM members m
      LEFT JOIN named n USING (symbol)
     WHERE NOT EXISTS (SELECT FROM environment_groups f WHERE f.type = 'ETF' AND f.name = m.symbol)
    UNION ALL
    SELECT type, name, description,
           CASE WHEN upper(name) = ANY (%(starts)s) OR lower(name) = lower(%(typed)s) OR plain = %(plain)s THEN 0
                WHEN starts_with(lower(name), lower(%(typed)s)) THEN 2
                ELSE 4 END
      FROM (SELECT *, regexp_replace(lower(name), '[^a-z0-9]', '', 'g') AS plain FROM environment_groups) g
     WHERE name ILIKE %(pattern)s OR description ILIKE %(pattern)s OR upper(name) = ANY (%(starts)s)
        OR plain = NULLIF(%(plain)s, '')
)
SELECT type, name, description, rank = 0 AS exact, of_type
  FROM (SELECT f.*, count(*) OVER (PARTITION BY type) AS of_type,
               row_number() OVER (PARTITION BY type ORDER BY rank, length(name), name COLLATE "C") AS place
          FROM found f) f
 WHERE place <= %(limit)s
 ORDER BY array_position('{"",ETF,UNIVERSE,SECTOR,THEME}', type::text), place;
