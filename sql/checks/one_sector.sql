-- Stocks in more than one sector: each counts twice, and its sector depends on which row is read first.

SELECT 'fail' AS severity, 'SECTOR' AS group_type, NULL AS group_name, symbol,
       format('%s is in %s sectors: %s', symbol, count(*), string_agg(sector, ', ' ORDER BY sector)) AS found,
       'python scripts/cache_maintenance/enrich_sectors.py --mode full' AS mend
  FROM stock_sectors
 GROUP BY symbol
HAVING count(*) > 1
 ORDER BY 1, 2, 3, 4;
