-- Private tables of build_stock_metadata.py and enrich_sectors.py, beside those of every loader.

-- An application may have tables of these names; what is dropped here is ours.
DROP TABLE IF EXISTS pg_temp.evidence, pg_temp.sector_symbols, pg_temp.decided, pg_temp.coming;

CREATE TEMPORARY TABLE evidence (
    symbol varchar(50) COLLATE "C" NOT NULL,
    source text NOT NULL,       -- override, sector_etf, issuer_file, classification, symbol_rule
    sector text,                -- NULL: a file lists the stock without one
    industry text,
    name text,
    origin text NOT NULL,       -- the fund or the file
    as_of date,
    weight numeric(9, 6)
);

-- For the preview of a whole run: what the loads before would bring.
CREATE TEMPORARY TABLE coming (
    kind text NOT NULL,         -- stock, left, fund, ended, held: see load/coming.sql
    symbol varchar(50) COLLATE "C" NOT NULL,
    membership_id integer,      -- of what has left
    etf text,                   -- that holds it
    weight numeric(9, 6),
    as_of date
);

-- One row a stock: the sector that the evidence gives it. pinned: a hand's row holds it elsewhere or otherwise.
CREATE TEMPORARY TABLE decided (
    symbol varchar(50) COLLATE "C" NOT NULL,
    sector text NOT NULL,
    metadata jsonb NOT NULL,
    pinned boolean NOT NULL
);
