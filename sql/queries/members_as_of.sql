-- The members of a group on a day, the heaviest first, each with its name and sector as of that day. A stock in two
-- sectors has two lines, a real one first.

WITH sector_groups AS MATERIALIZED (
    SELECT id, name
      FROM groups_on(%(day)s, %(known)s)
     WHERE type = 'SECTOR' AND environment = current_environment()
), sectors AS (
    SELECT m.symbol, m.metadata, g.name AS sector
      FROM members_on(ARRAY(SELECT id FROM sector_groups), %(day)s, %(known)s) m
      JOIN sector_groups g ON g.id = m.group_id
)
SELECT m.symbol, m.weight, s.metadata ->> 'name' AS name, s.sector, m.valid_from, m.opened_by
  FROM members_on(ARRAY[%(group)s], %(day)s, %(known)s) m
  LEFT JOIN sectors s ON s.symbol = m.symbol
 ORDER BY m.weight DESC NULLS LAST, m.symbol, s.sector = 'unknown', s.sector COLLATE "C";
