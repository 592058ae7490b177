-- Weights that cannot be: per fund a sum far from 100 %, a single weight above 100 %, negative weights.
-- Where more than a tenth of a fund's rows have no weight, a low sum says nothing, and that is said instead; where
-- more than nine tenths have none, it is a fund without weights.

WITH funds AS (
    SELECT g.id, g.name, w.*, w.weighted >= 0.9 * w.members AS whole
      FROM environment_groups g
      JOIN (
          SELECT group_id, sum(weight) AS total, min(weight) AS lightest, max(weight) AS heaviest,
                 count(weight) AS weighted, count(*) AS members
            FROM group_memberships GROUP BY group_id
      ) w ON w.group_id = g.id
     WHERE g.type = 'ETF' AND w.weighted > 0
), findings AS (
    SELECT CASE WHEN total > 120 OR whole AND total < 80 THEN 'fail' ELSE 'warn' END AS severity,
           name, NULL AS symbol,
           format('the weights of %s sum to %s %%, expected %s', name, round(total, 2),
                  CASE WHEN total > 105 THEN '95 to 105' ELSE '95 to 105; cash or another fund may be the rest' END)
               AS found
      FROM funds
     WHERE total > 105 OR whole AND total < 95
    UNION ALL
    SELECT 'warn', name, NULL,
           format('%s of the %s rows of %s have no weight; the others sum to %s %%', members - weighted, members, name,
                  round(total, 2))
      FROM funds
     WHERE NOT whole AND weighted >= 0.1 * members AND total < 95
    UNION ALL
    SELECT CASE WHEN m.weight < 0 THEN 'warn' ELSE 'fail' END, f.name, m.symbol,
           format('%s weighs %s %% in %s', m.symbol, round(m.weight, 2), f.name)
      FROM funds f
      JOIN group_memberships m ON m.group_id = f.id AND (m.weight > 100 OR m.weight < 0)
     WHERE f.heaviest > 100 OR f.lightest < 0
)
SELECT severity, 'ETF' AS group_type, name AS group_name, symbol, found,
       'python scripts/cache_maintenance/load_etf_holdings.py'
           || CASE WHEN name ~ '^[A-Z][A-Z0-9.]*$' THEN ' --etf ' || name ELSE '' END || ' --mode full' AS mend
  FROM findings
 ORDER BY 1, 2, 3, 4;
