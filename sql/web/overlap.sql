-- A fund and the eleven that share most weight with it (most stocks, where there are no weights), each with each; the
-- columns are those of reports/overlap.sql. A fund with itself: its members and the sum of its weights.

WITH own AS MATERIALIZED (
    SELECT symbol, weight FROM group_memberships WHERE group_id = %(group)s
), nearest AS MATERIALIZED (
    SELECT m.group_id, m.group_name AS name,
           row_number() OVER (ORDER BY m.group_id <> %(group)s, sum(LEAST(m.weight, o.weight))
                                       FILTER (WHERE m.weight IS NOT NULL AND o.weight IS NOT NULL) DESC NULLS LAST,
                                       count(*) DESC, m.group_name COLLATE "C") AS place
      FROM own o
      JOIN environment_memberships m ON m.symbol = o.symbol AND m.type = 'ETF'
     GROUP BY m.group_id, m.group_name
     ORDER BY place
     LIMIT 12
), held AS MATERIALIZED (
    SELECT n.place, m.symbol, m.weight FROM nearest n JOIN group_memberships m USING (group_id)
), shared AS (
    SELECT a.place AS one, b.place AS other, count(*) AS stocks,
           sum(LEAST(a.weight, b.weight)) FILTER (WHERE a.weight IS NOT NULL AND b.weight IS NOT NULL) AS weight
      FROM held a JOIN held b ON b.symbol = a.symbol AND b.place >= a.place
     GROUP BY a.place, b.place
)
SELECT a.name AS etf, b.name AS other, COALESCE(s.stocks, 0) AS stocks, s.weight
  FROM nearest a
  JOIN nearest b ON b.place >= a.place
  LEFT JOIN shared s ON s.one = a.place AND s.other = b.place
 ORDER BY a.place, b.place;
