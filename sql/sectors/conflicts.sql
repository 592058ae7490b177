-- The stocks that two sector SPDRs hold: the newer file won, then the heavier weight.

SELECT symbol, sector, metadata ->> 'reason',
       (SELECT string_agg((c ->> 'sector') || ' (' || (c ->> 'origin') || ')', ', ')
          FROM jsonb_array_elements(metadata -> 'conflicts') c WHERE c ->> 'source' = 'sector_etf')
  FROM decided
 WHERE metadata ->> 'source' = 'sector_etf'
   AND metadata -> 'conflicts' @> '[{"source": "sector_etf"}]'
 ORDER BY symbol;
