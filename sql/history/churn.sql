-- What changed in each fund from one snapshot to the next, a row a snapshot. A company keeps its place in a fund
-- under whatever name: spans say for a symbol, from one day to before another, which company it is.

WITH spans AS (
    SELECT *
      FROM unnest(%(symbols)s::text[], %(from_days)s::date[], %(to_days)s::date[], %(companies)s::text[])
           AS s (symbol, from_day, to_day, company)
), days AS (
    SELECT group_id, as_of, lag(as_of) OVER (PARTITION BY group_id ORDER BY as_of) AS before
      FROM (SELECT DISTINCT group_id, as_of FROM snapshots WHERE group_id = ANY (%(groups)s)) s
)
SELECT d.group_id, d.as_of, d.before, c.members, c.added, c.removed, c.moved, c.turnover
  FROM days d
 CROSS JOIN LATERAL (
    SELECT count(a.company) AS members,
           count(*) FILTER (WHERE b.company IS NULL AND d.before IS NOT NULL) AS added,
           count(*) FILTER (WHERE a.company IS NULL) AS removed,
           count(*) FILTER (WHERE a.weight IS DISTINCT FROM b.weight
                              AND a.company IS NOT NULL AND b.company IS NOT NULL) AS moved,
           CASE WHEN d.before IS NOT NULL
                 AND count(*) = count(*) FILTER (WHERE (a.company IS NULL OR a.weight IS NOT NULL)
                                                   AND (b.company IS NULL OR b.weight IS NOT NULL))
                THEN sum(abs(COALESCE(a.weight, 0) - COALESCE(b.weight, 0))) / 2 END AS turnover
      FROM (
          SELECT COALESCE(s.company, m.symbol) COLLATE "C" AS company, m.weight
            FROM members_on(ARRAY[d.group_id], d.as_of) m
            LEFT JOIN spans s ON s.symbol = m.symbol AND d.as_of >= s.from_day AND d.as_of < s.to_day
      ) a
      FULL JOIN (
          SELECT COALESCE(s.company, m.symbol) COLLATE "C" AS company, m.weight
            FROM members_on(ARRAY[d.group_id], d.before) m
            LEFT JOIN spans s ON s.symbol = m.symbol AND d.before >= s.from_day AND d.before < s.to_day
      ) b USING (company)
 ) c
 WHERE d.as_of BETWEEN %(from_day)s AND %(to_day)s
 ORDER BY d.as_of, d.group_id;
