-- The bars that came in, into {table}: what is there and equal is left alone. What an API told twice counts once.
INSERT INTO {table} AS stored (symbol, {time}, open, high, low, close, volume)
SELECT DISTINCT ON (symbol, {time}) symbol, {time}, open, high, low, close, volume
  FROM incoming_bars
 ORDER BY symbol, {time}
ON CONFLICT (symbol, {time}) DO UPDATE
   SET open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low, close = EXCLUDED.close,
       volume = EXCLUDED.volume
 WHERE (stored.open, stored.high, stored.low, stored.close, stored.volume)
       IS DISTINCT FROM (EXCLUDED.open, EXCLUDED.high, EXCLUDED.low, EXCLUDED.close, EXCLUDED.volume)
