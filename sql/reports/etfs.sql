-- Each fund, the largest first, and how concentrated it is. A member's share is its weight by the sum of the fund's
-- weights; members without a weight have none. Herfindahl index: the sum of the squared shares, 1 for a fund of one
-- stock. Effective number: 1 by that index, as many stocks of equal weight are as concentrated.

WITH held AS (
    SELECT group_id, count(*) AS members, count(weight) AS weighted, sum(weight) AS weight,
           NULLIF(GREATEST(sum(weight), 0), 0) AS whole, sum(weight * weight) AS squares
      FROM environment_memberships
     WHERE type = 'ETF'
     GROUP BY group_id
)
SELECT g.name, g.description,
       COALESCE(h.members, 0) AS members,
       COALESCE(h.weighted, 0) AS weighted,
       h.weight,
       round(100 * t.weight / h.whole, 2) AS top_10_percent,
       round(h.squares / (h.whole * h.whole), 6) AS herfindahl,
       round(h.whole * h.whole / NULLIF(h.squares, 0), 1) AS effective
  FROM environment_groups g
  LEFT JOIN held h ON h.group_id = g.id
  LEFT JOIN LATERAL (
      SELECT sum(weight) AS weight
        FROM (SELECT weight FROM group_memberships WHERE group_id = g.id AND weight IS NOT NULL
               ORDER BY weight DESC LIMIT 10) heaviest
  ) t ON true
 WHERE g.type = 'ETF'
 ORDER BY members DESC, g.name;
