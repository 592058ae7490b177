-- What Massive told of some symbols. Of a fund the list of tickers tells all that there is; of a stock only the details
-- tell what it is worth, so that it is still to be asked for where they are not `whole`.

INSERT INTO symbols AS s (symbol, type, name, exchange, market_cap, industry, active, source, asked_at)
SELECT t.ticker, CASE WHEN k.is_fund OR f.id IS NOT NULL THEN 'ETF' ELSE t.type END,
       t.name, t.exchange, t.market_cap, t.industry, t.active, 'massive', CASE WHEN %(whole)s OR k.is_fund THEN now() END
  FROM jsonb_to_recordset(%(told)s::jsonb) AS t
       (ticker text, name text, type text, exchange text, market_cap numeric, industry text, active boolean)
 CROSS JOIN LATERAL (SELECT COALESCE(t.type = ANY (%(funds)s), false) AS is_fund) k
  LEFT JOIN environment_groups f ON f.type = 'ETF' AND f.name = t.ticker
 ORDER BY t.ticker
ON CONFLICT (symbol) DO UPDATE
   SET type = COALESCE(EXCLUDED.type, s.type),
       name = COALESCE(EXCLUDED.name, s.name),
       exchange = COALESCE(EXCLUDED.exchange, s.exchange),
       market_cap = COALESCE(EXCLUDED.market_cap, s.market_cap),
       industry = COALESCE(s.industry, EXCLUDED.industry),
       active = COALESCE(EXCLUDED.active, s.active),
       source = EXCLUDED.source,
       asked_at = COALESCE(EXCLUDED.asked_at, s.asked_at),
       updated_at = now()
