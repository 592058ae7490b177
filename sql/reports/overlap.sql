-- The twelve funds with most members, each with each: how many stocks they share, and how much weight: the sum of
-- the lesser of the two weights, in percent. NULL where no shared stock has both. A fund with itself: its members
-- and the sum of its weights.

WITH largest AS (
    SELECT group_id, group_name AS name, row_number() OVER (ORDER BY count(*) DESC, group_name) AS place
      FROM environment_memberships
     WHERE type = 'ETF'
     GROUP BY group_id, group_name
     ORDER BY place
     LIMIT 12
), held AS MATERIALIZED (
    SELECT l.place, m.symbol, m.weight FROM largest l JOIN group_memberships m USING (group_id)
), shared AS (
    SELECT a.place AS one, b.place AS other, count(*) AS stocks,
           sum(LEAST(a.weight, b.weight)) FILTER (WHERE a.weight IS NOT NULL AND b.weight IS NOT NULL) AS weight
      FROM held a JOIN held b ON b.symbol = a.symbol AND b.place >= a.place
     GROUP BY a.place, b.place
)
SELECT a.name AS etf, b.name AS other, COALESCE(s.stocks, 0) AS stocks, s.weight
  FROM largest a
  JOIN largest b ON b.place >= a.place
  LEFT JOIN shared s ON s.one = a.place AND s.other = b.place
 ORDER BY a.place, b.place;
