-- Reference symbols and their bars. An application that already has a table of such a name keeps it, and its rows.

CREATE TABLE IF NOT EXISTS symbols (
    symbol varchar(50) COLLATE "C" PRIMARY KEY,
    type text,
    name text,
    exchange text,
    market_cap numeric,
    sector text,
    industry text,
    etf_type text,
    issuer text,
    aum numeric,
    expense_ratio numeric,
    active boolean DEFAULT true,
    source text,
    asked_at timestamptz,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
ALTER TABLE symbols
    ADD COLUMN IF NOT EXISTS type text,
    ADD COLUMN IF NOT EXISTS name text,
    ADD COLUMN IF NOT EXISTS exchange text,
    ADD COLUMN IF NOT EXISTS market_cap numeric,
    ADD COLUMN IF NOT EXISTS sector text,
    ADD COLUMN IF NOT EXISTS industry text,
    ADD COLUMN IF NOT EXISTS etf_type text,
    ADD COLUMN IF NOT EXISTS issuer text,
    ADD COLUMN IF NOT EXISTS aum numeric,
    ADD COLUMN IF NOT EXISTS expense_ratio numeric,
    ADD COLUMN IF NOT EXISTS active boolean DEFAULT true,
    ADD COLUMN IF NOT EXISTS source text,
    ADD COLUMN IF NOT EXISTS asked_at timestamptz,
    ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();
COMMENT ON COLUMN symbols.type IS 'ETF for every exchange-traded fund, note or vehicle; otherwise Massive''s code: CS a common stock, ADRC a receipt, PFD a preferred stock; NULL a stock of which Massive told nothing.';
COMMENT ON COLUMN symbols.market_cap IS 'US dollars; NULL where nobody told.';
COMMENT ON COLUMN symbols.sector IS 'The name of the SECTOR group: information_technology.';
COMMENT ON COLUMN symbols.etf_type IS 'What kind of fund: broad_market, sector, growth, value, technology, bond, commodity, other.';
COMMENT ON COLUMN symbols.source IS 'Who told: massive (its REST API), else groups (classification, funds.csv, memberships), else bars (it has some).';
COMMENT ON COLUMN symbols.asked_at IS 'When Massive last answered a question about it, be it that it knows no such ticker.';

-- Bars as traded. Prices and volume are the doubles of the flat files: nothing is rounded, volume may be a fraction.
CREATE TABLE IF NOT EXISTS ohlcv_daily (
    symbol varchar(50) COLLATE "C" NOT NULL,
    date date NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    volume double precision NOT NULL,
    PRIMARY KEY (symbol, date)
) PARTITION BY RANGE (date);

CREATE TABLE IF NOT EXISTS ohlcv_minute (
    symbol varchar(50) COLLATE "C" NOT NULL,
    timestamp timestamptz NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    volume double precision NOT NULL,
    PRIMARY KEY (symbol, timestamp)
) PARTITION BY RANGE (timestamp);

DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
END
$$;

-- The partitions that bars from one day up to another go to: years of daily bars, months of minutes. They are made
-- apart and then attached: readers of the whole table never wait.
CREATE FUNCTION ensure_bar_partitions(timeframe text, first date, last date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    whole text := CASE timeframe WHEN 'minute' THEN 'ohlcv_minute' ELSE 'ohlcv_daily' END;
    unit text := CASE timeframe WHEN 'minute' THEN 'month' ELSE 'year' END;
    start timestamp;
    part text;
BEGIN
    -- An application's own table of that name may be an ordinary one.
    IF (SELECT relkind FROM pg_class WHERE oid = whole::regclass) <> 'p' THEN
        RETURN;
    END IF;
    FOR start IN SELECT generate_series(date_trunc(unit, first::timestamp), last::timestamp, ('1 ' || unit)::interval) LOOP
        part := whole || to_char(start, CASE unit WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY' END);
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtextextended('tickstock partition ' || part, 0));
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, whole);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', whole, part,
            CASE unit WHEN 'month' THEN start::text || '+00' ELSE start::date::text END,
            CASE unit WHEN 'month' THEN (start + interval '1 month')::text || '+00'
                      ELSE (start + interval '1 year')::date::text END);
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION ensure_bar_partitions(text, date, date) FROM PUBLIC;
