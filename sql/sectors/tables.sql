-- Private tables of build_stock_metadata.py and enrich_sectors.py, beside those of every loader.

DROP TABLE IF EXISTS evidence, sector_symbols, decided;

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

-- One row a stock: the sector that the evidence gives it. pinned: a hand's row holds it elsewhere or otherwise.
CREATE TEMPORARY TABLE decided (
    symbol varchar(50) COLLATE "C" NOT NULL,
    sector text NOT NULL,
    metadata jsonb NOT NULL,
    pinned boolean NOT NULL
);
