-- Two symbols of which funds dropped the one and added the other on the same day, with nearly the same weight: at most
-- a tenth of it more or less. A fund where several would fit says nothing; at least two funds must say so, and on that
-- day nothing else of either symbol.

WITH spans AS (
    SELECT *
      FROM unnest(%(symbols)s::text[], %(from_days)s::date[], %(to_days)s::date[], %(companies)s::text[])
           AS s (symbol, from_day, to_day, company)
), funds AS (
    SELECT DISTINCT ON (group_id) group_id, metadata ->> 'name' AS name
      FROM membership_versions
     WHERE symbol IS NULL
       AND (metadata ->> 'type', metadata ->> 'environment') = ('ETF', current_environment())
     ORDER BY group_id, closed_by DESC NULLS FIRST
), days AS (
    SELECT group_id, as_of, lag(as_of) OVER (PARTITION BY group_id ORDER BY as_of) AS before
      FROM (SELECT DISTINCT group_id, as_of FROM snapshots JOIN funds USING (group_id)) s
), votes AS (
    SELECT d.group_id, d.as_of, c.old_symbol, c.new_symbol
      FROM days d
     CROSS JOIN LATERAL (
        WITH changes AS (
            SELECT b.symbol AS old_symbol, b.weight AS old_weight, a.symbol AS new_symbol, a.weight AS new_weight
              FROM (
                  SELECT COALESCE(s.company, m.symbol) COLLATE "C" AS company, m.symbol, m.weight
                    FROM members_on(ARRAY[d.group_id], d.as_of) m
                    LEFT JOIN spans s ON s.symbol = m.symbol AND d.as_of >= s.from_day AND d.as_of < s.to_day
              ) a
              FULL JOIN (
                  SELECT COALESCE(s.company, m.symbol) COLLATE "C" AS company, m.symbol, m.weight
                    FROM members_on(ARRAY[d.group_id], d.before) m
                    LEFT JOIN spans s ON s.symbol = m.symbol AND d.before >= s.from_day AND d.before < s.to_day
              ) b USING (company)
             WHERE a.symbol IS NULL OR b.symbol IS NULL
        )
        SELECT o.old_symbol, n.new_symbol, count(*) OVER (PARTITION BY o.old_symbol) AS of_old,
               count(*) OVER (PARTITION BY n.new_symbol) AS of_new
          FROM changes o
          JOIN changes n ON o.old_weight > 0 AND abs(n.new_weight - o.old_weight) <= o.old_weight / 10
     ) c
     WHERE d.before IS NOT NULL AND d.as_of > %(from_day)s AND d.as_of <= %(to_day)s
       AND c.of_old = 1 AND c.of_new = 1
), said AS (
    SELECT v.as_of, v.old_symbol, v.new_symbol, array_agg(f.name ORDER BY f.name) AS funds
      FROM votes v
      JOIN funds f USING (group_id)
     GROUP BY v.as_of, v.old_symbol, v.new_symbol
    HAVING count(*) >= 2
), counted AS (
    SELECT *, count(*) OVER (PARTITION BY as_of, old_symbol) AS of_old,
           count(*) OVER (PARTITION BY as_of, new_symbol) AS of_new
      FROM said
)
SELECT old_symbol, new_symbol, as_of, funds
  FROM counted
 WHERE of_old = 1 AND of_new = 1
 ORDER BY as_of, old_symbol;
