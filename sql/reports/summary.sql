-- What an environment holds, in numbers. A fund that is held by a fund is no stock.

WITH groups AS (
    SELECT id, type, name FROM definition_groups WHERE environment = %(environment)s
), members AS (
    SELECT g.type, m.symbol FROM groups g JOIN group_memberships m ON m.group_id = g.id
)
SELECT (SELECT count(*) FROM groups WHERE type = 'ETF') AS etfs,
       (SELECT count(*) FROM groups WHERE type = 'UNIVERSE') AS universes,
       (SELECT count(*) FROM groups WHERE type = 'SECTOR') AS sectors,
       (SELECT count(*) FROM groups WHERE type = 'THEME') AS themes,
       (SELECT count(DISTINCT symbol) FROM members
         WHERE symbol NOT IN (SELECT name FROM groups WHERE type = 'ETF')) AS stocks,
       (SELECT count(*) FROM members) AS relationships;
