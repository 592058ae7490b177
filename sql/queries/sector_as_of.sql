-- The members of a sector on a day, with what put each of them there.

SELECT m.symbol,
       m.metadata ->> 'name' AS name,
       m.metadata ->> 'industry' AS industry,
       m.metadata ->> 'source' AS source,
       m.metadata ->> 'confidence' AS confidence,
       m.valid_from,
       m.opened_by,
       r.committed_at,
       r.kind = 'manual' AS by_hand
  FROM members_on(ARRAY[%(group)s], %(day)s, %(known)s) m
  JOIN load_runs r ON r.id = m.opened_by
 ORDER BY m.symbol;
