CREATE TEMPORARY TABLE incoming_bars ON COMMIT DROP AS
SELECT symbol, {time}, open, high, low, close, volume FROM {table} WITH NO DATA
