-- Some funds, in their order, each with each: how many stocks they share, and how much weight: the sum of the lesser
-- of the two weights, in percent. NULL where no shared stock has both. A fund with itself: its members and the sum of
-- its weights.

WITH funds AS MATERIALIZED (
    SELECT f.place, f.group_id, g.name
      FROM unnest(%(groups)s::integer[]) WITH ORDINALITY f (group_id, place)
      JOIN definition_groups g ON g.id = f.group_id
), held AS MATERIALIZED (
    SELECT f.place, m.symbol, m.weight FROM funds f JOIN group_memberships m USING (group_id)
), shared AS (
    SELECT a.place AS one, b.place AS other, count(*) AS stocks,
           sum(LEAST(a.weight, b.weight)) FILTER (WHERE a.weight IS NOT NULL AND b.weight IS NOT NULL) AS weight
      FROM held a JOIN held b ON b.symbol = a.symbol AND b.place >= a.place
     GROUP BY a.place, b.place
)
SELECT a.name AS etf, b.name AS other, COALESCE(s.stocks, 0) AS stocks, s.weight
  FROM funds a
  JOIN funds b ON b.place >= a.place
  LEFT JOIN shared s ON s.one = a.place AND s.other = b.place
 ORDER BY a.place, b.place;
