-- The categories that an application starts with. Its own entries (app_settings, ...) live here too.

CREATE TABLE IF NOT EXISTS cache_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type varchar(100) NOT NULL,
    name varchar(255) NOT NULL,
    key varchar(255) NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE cache_entries
    ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();

-- The table of an older application may hold JSON as text, and an entry twice.
DO $$
DECLARE
    twin text;
    entry record;
BEGIN
    IF (SELECT count(*) FROM pg_attribute
         WHERE attrelid = 'cache_entries'::regclass AND attname IN ('type', 'name', 'key', 'value')) < 4 THEN
        RAISE EXCEPTION 'cache_entries is another application''s; expected the columns type, name, key, value: rename '
            'the table, then migrate again';
    END IF;
    IF (SELECT atttypid FROM pg_attribute
         WHERE attrelid = 'cache_entries'::regclass AND attname = 'value') <> 'jsonb'::regtype THEN
        FOR entry IN SELECT type, name, key, value::text FROM cache_entries LOOP
            BEGIN
                PERFORM entry.value::jsonb;
            EXCEPTION WHEN data_exception THEN
                RAISE EXCEPTION 'cache_entries has % with a value that is no JSON: %; expected JSON (a text in double '
                    'quotes): correct or delete it, then migrate again',
                    concat_ws(' | ', entry.type, entry.name, entry.key), left(entry.value, 40);
            END;
        END LOOP;
        ALTER TABLE cache_entries ALTER COLUMN value TYPE jsonb USING value::jsonb;
    END IF;
    SELECT concat_ws(' | ', type, name, key) INTO twin
      FROM cache_entries GROUP BY type, name, key HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'cache_entries has % twice; delete one of the two, then migrate again', twin;
    END IF;
END
$$;
CREATE UNIQUE INDEX IF NOT EXISTS cache_entries_place ON cache_entries (type, name, key);

-- The stocks and funds of an environment: what `symbols` has, and what only the groups know yet. A symbol that is not
-- active any more is none, nor is what no company's capital is counted in: warrants, rights, units, preferred stocks.
-- A sector is the group's, else what `symbols` says; so is an industry. A capitalisation that is no number, or not
-- above zero, is not known.
CREATE VIEW environment_symbols AS
WITH funds AS (
    SELECT name::text COLLATE "C" AS symbol, NULLIF(description, '') AS name
      FROM environment_groups WHERE type = 'ETF'
), sectors AS (
    SELECT DISTINCT ON (symbol) symbol::text COLLATE "C" AS symbol, sector, name, industry
      FROM stock_sectors
     ORDER BY symbol, sector = 'unknown', sector COLLATE "C"
), every AS (
    SELECT symbol::text COLLATE "C" AS symbol, true AS is_loaded, NULLIF(name, '') AS name, type::text AS type,
           exchange::text AS exchange, market_cap::numeric AS market_cap, NULLIF(sector, '') AS sector,
           NULLIF(industry, '') AS industry, NULLIF(etf_type, '') AS etf_type, NULLIF(issuer, '') AS issuer,
           aum::numeric AS aum, expense_ratio::numeric AS expense_ratio, active
      FROM symbols
     UNION ALL
    SELECT symbol, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
      FROM (SELECT symbol::text COLLATE "C" AS symbol FROM environment_stocks
             UNION
            SELECT symbol FROM funds) groups
     WHERE NOT EXISTS (SELECT FROM symbols s WHERE s.symbol = groups.symbol)
)
SELECT symbol,
       COALESCE(upper(s.type) IN ('ETF', 'ETN', 'ETV', 'ETS', 'FUND'), f.symbol IS NOT NULL) AS is_fund,
       s.is_loaded,
       COALESCE(s.name, f.name, c.name) AS name,
       s.type,
       s.exchange,
       CASE WHEN s.market_cap > 0 AND s.market_cap < 'Infinity' THEN s.market_cap END AS market_cap,
       COALESCE(NULLIF(c.sector, 'unknown'), s.sector, c.sector) AS sector,
       COALESCE(NULLIF(c.industry, ''), s.industry) AS industry,
       s.etf_type,
       s.issuer,
       CASE WHEN s.aum > 0 AND s.aum < 'Infinity' THEN s.aum END AS aum,
       CASE WHEN s.expense_ratio >= 0 AND s.expense_ratio < 'Infinity' THEN s.expense_ratio END AS expense_ratio
  FROM every s
  LEFT JOIN funds f USING (symbol)
  LEFT JOIN sectors c USING (symbol)
 WHERE s.active IS DISTINCT FROM false
   AND COALESCE(upper(s.type), '') NOT IN ('PFD', 'WARRANT', 'RIGHT', 'UNIT', 'SP', 'BOND', 'ADRP', 'ADRW', 'ADRR',
                                           'BASKET', 'LT', 'EQLK', 'AGEN', 'INDEX');

-- Which symbols stand in which of the organised entries: in an array of tickers or of objects, or in `stocks` or `etfs`
-- of an object.
CREATE VIEW entry_symbols AS
SELECT e.type, e.name, e.key, listed.place,
       CASE jsonb_typeof(listed.item) WHEN 'string' THEN listed.item #>> '{}' ELSE listed.item ->> 'symbol' END
           COLLATE "C" AS symbol
  FROM cache_entries e
 CROSS JOIN LATERAL jsonb_array_elements(
           CASE WHEN jsonb_typeof(e.value) = 'array' THEN e.value
                WHEN jsonb_typeof(e.value -> 'stocks') = 'array' THEN e.value -> 'stocks'
                WHEN jsonb_typeof(e.value -> 'etfs') = 'array' THEN e.value -> 'etfs'
                ELSE '[]' END) WITH ORDINALITY AS listed (item, place)
 WHERE e.type IN ('stock_universe', 'etf_universe', 'themes', 'stock_stats');
