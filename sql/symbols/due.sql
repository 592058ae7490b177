-- About which of some symbols Massive is to be asked, the most needed first: those it was never asked about, and of them
-- the largest of a fund. `told` is whether it told anything of it before.

SELECT a.symbol, COALESCE(s.source = 'massive', false) AS told
  FROM (SELECT DISTINCT symbol COLLATE "C" AS symbol FROM unnest(%(symbols)s::text[]) x (symbol)) a
  LEFT JOIN symbols s ON s.symbol = a.symbol
 CROSS JOIN LATERAL (SELECT max(weight) AS weight FROM environment_memberships m WHERE m.symbol = a.symbol) w
 WHERE s.asked_at IS NULL OR s.asked_at < now() - %(days)s * interval '1 day'
 ORDER BY s.asked_at IS NOT NULL, w.weight DESC NULLS LAST, a.symbol
