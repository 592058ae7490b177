INSERT INTO load_jobs (environment, universe, symbols, timeframe, first_day, last_day, priority, asked_by)
VALUES (%(environment)s, %(universe)s, %(symbols)s, %(timeframe)s, %(first_day)s, %(last_day)s, %(priority)s, %(asked_by)s)
RETURNING id
