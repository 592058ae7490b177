-- Private tables of build_stock_metadata.py and enrich_sectors.py, beside those of every loader.

DROP TABLE IF EXISTS evidence, sector_symbols, decided, coming;

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
    symbol varchar(50) COLLATE "C" NOT NULL,
    etf text,                   -- NULL: a stock that is new
    weight numeric(9, 6),
    as_of date,
    removed boolean NOT NULL    -- the fund would hold it no more
);

-- One row a stock: the sector that the evidence gives it. pinned: a hand's row holds it elsewhere or otherwise.
CREATE TEMPORARY TABLE decided (
    symbol varchar(50) COLLATE "C" NOT NULL,
    sector text NOT NULL,
    metadata jsonb NOT NULL,
    pinned boolean NOT NULL
);
