-- Funds in symbols without a kind or an issuer. An issuer is told by the fund's name, and some names tell none.

WITH funds AS (
    SELECT symbol, etf_type IS NULL AS lacks_type, issuer IS NULL AS lacks_issuer
      FROM environment_symbols
     WHERE is_fund AND is_loaded
), counted AS (
    SELECT 'etf_type' AS lacks, count(*) AS missing, (array_agg(symbol ORDER BY symbol))[:10] AS first,
           0 AS allowed
      FROM funds WHERE lacks_type
     UNION ALL
    SELECT 'issuer', count(*), (array_agg(symbol ORDER BY symbol))[:10], (SELECT count(*) FROM funds) / 10.0
      FROM funds WHERE lacks_issuer
)
SELECT CASE WHEN missing > allowed THEN 'fail' ELSE 'warn' END AS severity, NULL AS entry,
       format('%s of %s funds in symbols have no %s: %s%s', missing, (SELECT count(*) FROM funds), lacks,
              array_to_string(first, ', '), CASE WHEN missing > 10 THEN ', …' ELSE '' END) AS found,
       'load bars of these funds (a job of /admin/historical-data, with MASSIVE_API_KEY set, tells names, and with '
       'them the rest)' AS mend
  FROM counted
 WHERE missing > 0
 ORDER BY 1, 3;
