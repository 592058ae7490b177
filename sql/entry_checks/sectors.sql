-- Each of the 11 sectors has leaders.

WITH sectors (key) AS (VALUES
    ('top_10_technology'), ('top_10_healthcare'), ('top_10_financial_services'), ('top_10_consumer_discretionary'),
    ('top_10_communication_services'), ('top_10_industrials'), ('top_10_consumer_staples'), ('top_10_energy'),
    ('top_10_utilities'), ('top_10_real_estate'), ('top_10_materials')
)
SELECT 'fail' AS severity, concat_ws(' | ', 'stock_universe', 'sector_leaders', s.key) AS entry,
       CASE WHEN e.key IS NULL THEN 'the entry is missing' ELSE 'the sector has no leader' END AS found,
       CASE WHEN e.key IS NULL THEN ''
            ELSE 'load symbols with MASSIVE_API_KEY set, for sector and market cap (a job of '
                 '/admin/historical-data), then: '
            END || 'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM sectors s
  LEFT JOIN cache_entries e ON (e.type, e.name, e.key) = ('stock_universe', 'sector_leaders', s.key)
 WHERE e.key IS NULL
    OR NOT EXISTS (SELECT FROM entry_symbols l
                    WHERE (l.type, l.name, l.key) = ('stock_universe', 'sector_leaders', s.key))
 ORDER BY entry;
