-- Sector assignments that nothing supports: made by hand (a full run undoes them; sector_overrides.csv lasts), from
-- a source that no script of the suite writes, or moved out of 'unknown' without a reason.
-- Stocks in two sectors are left to one_sector.

SELECT 'warn' AS severity, 'SECTOR' AS group_type, sector AS group_name, symbol,
       CASE WHEN source IS NULL
            THEN format('%s is in %s by hand; a line in sector_overrides.csv makes it last', symbol, sector)
            WHEN source = 'unclassified'
            THEN format('%s is in %s, and its row says that it is not classified', symbol, sector)
            ELSE format('%s is in %s from an unknown source: %s', symbol, sector, source) END AS found,
       'python scripts/cache_maintenance/enrich_sectors.py --mode full' AS mend
  FROM stock_sectors
 WHERE (source IS NULL
        OR source NOT IN ('override', 'sector_etf', 'issuer_file', 'classification', 'symbol_rule', 'unclassified')
        OR source = 'unclassified' AND sector <> 'unknown')
   AND symbol NOT IN (SELECT symbol FROM stock_sectors GROUP BY symbol HAVING count(*) > 1)
 ORDER BY 1, 2, 3, 4;
