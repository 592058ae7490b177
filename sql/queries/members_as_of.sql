-- The members of a group on a day, the heaviest first, each with its name and sector as of that day. A stock in two
-- sectors: a real one first.

WITH sector_groups AS MATERIALIZED (
    SELECT id, name
      FROM groups_on(%(day)s, %(known)s)
     WHERE type = 'SECTOR' AND environment = current_environment()
), sectors AS (
    SELECT m.symbol, m.metadata, g.name AS sector
      FROM members_on(ARRAY(SELECT id FROM sector_groups), %(day)s, %(known)s) m
      JOIN sector_groups g ON g.id = m.group_id
), members AS (
    SELECT DISTINCT ON (m.symbol) m.symbol, m.weight, s.metadata, s.sector, m.valid_from, m.opened_by
      FROM members_on(ARRAY[%(group)s], %(day)s, %(known)s) m
      LEFT JOIN sectors s ON s.symbol = m.symbol
     ORDER BY m.symbol, s.sector = 'unknown', s.sector COLLATE "C"
)
SELECT m.symbol,
       m.weight,
       m.metadata ->> 'name' AS name,
       m.sector,
       m.valid_from,
       m.opened_by,
       r.committed_at,
       r.kind = 'manual' AS by_hand
  FROM members m
  JOIN load_runs r ON r.id = m.opened_by
 ORDER BY m.weight DESC NULLS LAST, m.symbol;
