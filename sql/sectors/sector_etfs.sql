-- Evidence from the stored holdings of the eleven sector SPDRs.

INSERT INTO evidence (symbol, source, sector, origin, as_of, weight)
SELECT m.symbol, 'sector_etf', f.sector, f.etf, file.as_of, m.weight
  FROM (VALUES
        ('XLK', 'information_technology'), ('XLF', 'financials'), ('XLV', 'health_care'), ('XLE', 'energy'),
        ('XLI', 'industrials'), ('XLY', 'consumer_discretionary'), ('XLP', 'consumer_staples'),
        ('XLU', 'utilities'), ('XLB', 'materials'), ('XLRE', 'real_estate'), ('XLC', 'communication_services')
       ) AS f (etf, sector)
  JOIN definition_groups g ON g.name = f.etf AND g.type = 'ETF' AND g.environment = %(environment)s
  JOIN group_memberships m ON m.group_id = g.id
  LEFT JOIN LATERAL (
      SELECT as_of FROM load_files WHERE group_id = g.id ORDER BY id DESC LIMIT 1
  ) file ON true;
