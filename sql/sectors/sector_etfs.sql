-- Evidence from the holdings of the eleven sector SPDRs: as they are stored, or as a preview has them.

INSERT INTO evidence (symbol, source, sector, origin, as_of, weight)
WITH etfs (etf, sector) AS (VALUES
    ('XLK', 'information_technology'), ('XLF', 'financials'), ('XLV', 'health_care'), ('XLE', 'energy'),
    ('XLI', 'industrials'), ('XLY', 'consumer_discretionary'), ('XLP', 'consumer_staples'), ('XLU', 'utilities'),
    ('XLB', 'materials'), ('XLRE', 'real_estate'), ('XLC', 'communication_services')
)
SELECT m.symbol, 'sector_etf', f.sector, f.etf, file.as_of, m.weight
  FROM etfs f
  JOIN definition_groups g ON g.name = f.etf AND g.type = 'ETF' AND g.environment = %(environment)s
  JOIN group_memberships m ON m.group_id = g.id
  LEFT JOIN LATERAL (
      SELECT as_of FROM last_files WHERE group_id = g.id LIMIT 1
  ) file ON true
 WHERE NOT EXISTS (SELECT FROM coming c WHERE c.etf = f.etf OR c.membership_id = m.id)
UNION ALL
SELECT c.symbol, 'sector_etf', f.sector, f.etf, c.as_of, c.weight
  FROM etfs f JOIN coming c USING (etf);
