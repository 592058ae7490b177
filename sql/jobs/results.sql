-- What is stored of a job's symbols and days, counted: the bars themselves are the account.
INSERT INTO load_job_symbols AS result (job_id, symbol, bars, first_bar, last_bar, reason)
SELECT %(job)s, wanted.symbol, count(b.symbol), min(b.{time}), max(b.{time}),
       CASE WHEN count(b.symbol) > 0 THEN NULL
            WHEN EXISTS (SELECT FROM symbols s WHERE s.symbol = wanted.symbol) THEN %(reason)s
            ELSE %(reason)s || '; no group knows it: is it spelt right?' END
  FROM unnest(%(symbols)s) AS wanted (symbol)
  LEFT JOIN {table} b ON b.symbol = wanted.symbol AND b.{time} >= %(first)s AND b.{time} < %(end)s
 GROUP BY wanted.symbol
ON CONFLICT (job_id, symbol) DO UPDATE
   SET bars = EXCLUDED.bars, first_bar = EXCLUDED.first_bar, last_bar = EXCLUDED.last_bar,
       reason = CASE WHEN EXCLUDED.bars = 0 THEN COALESCE(result.reason, EXCLUDED.reason) END
RETURNING symbol, bars
