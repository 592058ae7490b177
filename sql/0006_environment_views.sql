-- What reports, queries and checks read. Each speaks of one environment, DEFAULT unless the session says otherwise:
--   SET tickstock.environment = 'TEST';

CREATE FUNCTION current_environment() RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(NULLIF(current_setting('tickstock.environment', true), ''), 'DEFAULT')
$$;

CREATE VIEW environment_groups AS
SELECT id, type, name, description, metadata, created_at, updated_at
  FROM definition_groups
 WHERE environment = current_environment();

CREATE VIEW environment_memberships AS
SELECT m.id, m.group_id, g.type, g.name AS group_name, m.symbol, m.weight, m.metadata
  FROM group_memberships m
  JOIN definition_groups g ON g.id = m.group_id
 WHERE g.environment = current_environment();

-- The one denominator: every symbol that is a member of anything. A fund that is held by a fund is no stock.
-- It walks the index from each symbol to the next: there are a hundred times as many memberships as stocks.
CREATE VIEW environment_stocks AS
WITH RECURSIVE symbols AS (
    (SELECT symbol FROM group_memberships ORDER BY symbol LIMIT 1)
    UNION ALL
    SELECT (SELECT m.symbol FROM group_memberships m WHERE m.symbol > s.symbol ORDER BY m.symbol LIMIT 1)
      FROM symbols s
     WHERE s.symbol IS NOT NULL
)
SELECT s.symbol
  FROM symbols s
 WHERE s.symbol IS NOT NULL
   AND (SELECT true
          FROM group_memberships m
          JOIN definition_groups g ON g.id = m.group_id
         WHERE m.symbol = s.symbol AND g.environment = current_environment()
         LIMIT 1)
   AND NOT EXISTS (SELECT FROM environment_groups f WHERE f.type = 'ETF' AND f.name = s.symbol);

-- Which sector each stock is in, and why. A row a membership: a stock in two sectors stands here twice.
CREATE VIEW stock_sectors AS
SELECT symbol,
       group_name AS sector,
       metadata ->> 'name' AS name,
       metadata ->> 'industry' AS industry,
       metadata ->> 'source' AS source,
       metadata ->> 'confidence' AS confidence,
       metadata ->> 'reason' AS reason,
       COALESCE(metadata -> 'conflicts', '[]') AS conflicts
  FROM environment_memberships
 WHERE type = 'SECTOR';

-- The keys of a sector membership that build_stock_metadata.py and enrich_sectors.py own.
CREATE FUNCTION sector_evidence(metadata jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'source', metadata -> 'source', 'name', metadata -> 'name', 'industry', metadata -> 'industry',
        'confidence', metadata -> 'confidence', 'conflicts', metadata -> 'conflicts', 'reason', metadata -> 'reason')
$$;
