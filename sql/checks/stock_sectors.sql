-- Stocks without a sector row, not even in 'unknown': every count by sector leaves them out. And the other way round,
-- sector rows of what is no stock but a fund. Where the stock or its sector row is misspelt, it is left to spellings.

WITH orphans AS MATERIALIZED (
    SELECT symbol FROM environment_stocks
    EXCEPT
    SELECT symbol FROM stock_sectors
), spelled AS MATERIALIZED (
    SELECT symbol, regexp_replace(upper(symbol), '[^A-Z]', '', 'g') AS letters,
           symbol !~ '^([A-Z]{1,20}|[A-Z]{1,18}\.[A-Z])$'
               OR symbol = ANY ('{AGMA,AKOA,AKOB,BFA,BFB,BHA,BIOB,BRKA,BRKB,BWLA,CRDA,CRDB,CWENA,FCEA,FCEB,GEFB,GTNA,
                                  HEIA,HVTA,JWA,JWB,LENB,LGFA,LGFB,MKCV,MOGA,MOGB,NYLDA,STZB,TAPA,UHALB,WSOB,
                                  SYMBOL,TICKER}') AS misspelt
      FROM (SELECT symbol FROM orphans UNION SELECT symbol FROM stock_sectors) symbols
)
SELECT 'fail' AS severity, 'SECTOR' AS group_type, NULL AS group_name, symbol,
       format('%s is in no sector, not even in unknown; it is a member of %s', symbol, names) AS found,
       'python scripts/cache_maintenance/build_stock_metadata.py --mode incremental' AS mend
  FROM orphans
  JOIN spelled o USING (symbol)
 CROSS JOIN LATERAL (
     SELECT string_agg(group_name, ', ') AS names
       FROM (SELECT group_name FROM environment_memberships m
              WHERE m.symbol = orphans.symbol ORDER BY group_name LIMIT 3) three
 ) homes
 WHERE NOT misspelt
   AND letters NOT IN (SELECT letters FROM stock_sectors JOIN spelled USING (symbol) WHERE misspelt)
UNION ALL
SELECT 'warn', 'SECTOR', s.sector, s.symbol,
       format('%s is a fund, and stands in the sector %s', s.symbol, s.sector),
       format('DELETE FROM group_memberships m USING environment_groups g WHERE m.group_id = g.id'
              ' AND g.type = ''SECTOR'' AND m.symbol = %L', s.symbol)
  FROM stock_sectors s
  JOIN environment_groups f ON f.type = 'ETF' AND f.name = s.symbol
 ORDER BY 1, 2, 3, 4;
