-- The members of a sector on a day, with what put each of them there.

SELECT symbol,
       metadata ->> 'name' AS name,
       metadata ->> 'industry' AS industry,
       metadata ->> 'source' AS source,
       metadata ->> 'confidence' AS confidence,
       valid_from,
       opened_by
  FROM members_on(ARRAY[%(group)s], %(day)s, %(known)s)
 ORDER BY symbol;
