-- What is stored and decides with the files: which stocks there are, and the evidence from the sector SPDRs.

SELECT md5(concat_ws('#',
    (SELECT string_agg(symbol, ' ' ORDER BY symbol) FROM sector_symbols),
    (SELECT string_agg(concat_ws(' ', origin, symbol, weight, as_of), ';' ORDER BY origin, symbol)
       FROM evidence WHERE source = 'sector_etf')));
