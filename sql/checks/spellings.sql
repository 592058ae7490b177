-- Symbols that are not in the one spelling (upper case, the class of a share after a dot: BRK.B), and what is no symbol
-- at all: queries for BRK.B miss them, and they count as stocks of their own. tickstock/symbols.py has the rules.
-- Where the right spelling is a member of the same group too, it is left to duplicates.

WITH stored AS MATERIALIZED (
    SELECT DISTINCT symbol FROM environment_memberships
), trimmed AS (
    SELECT symbol, regexp_replace(upper(symbol), '^\s+|[\s*]+$', '', 'g') AS text FROM stored
), spelled AS (
    SELECT symbol, text,
           CASE WHEN text = ANY ('{AGMA,AKOA,AKOB,BFA,BFB,BHA,BIOB,BRKA,BRKB,BWLA,CRDA,CRDB,CWENA,FCEA,FCEB,GEFB,GTNA,
                                   HEIA,HVTA,JWA,JWB,LENB,LGFA,LGFB,MKCV,MOGA,MOGB,NYLDA,STZB,TAPA,UHALB,WSOB}')
                THEN left(text, -1) || '.' || right(text, 1)
                ELSE regexp_replace(text, '^([A-Z]+)([./-]| +)([A-Z])$', '\1.\3') END AS proper
      FROM trimmed
), wrong AS MATERIALIZED (
    SELECT symbol, CASE WHEN is_symbol THEN proper END AS proper
      FROM spelled
     CROSS JOIN LATERAL (SELECT proper ~ '^([A-Z]{1,20}|[A-Z]{1,18}\.[A-Z])$'
                                AND text NOT IN ('SYMBOL', 'TICKER', 'N/A') AS is_symbol) shape
     WHERE symbol <> proper OR NOT is_symbol
)
SELECT 'fail' AS severity, m.type AS group_type, m.group_name, m.symbol,
       format('%s holds %L, %s', m.group_name, m.symbol,
              COALESCE('expected ' || w.proper, 'which is no symbol of a US stock')) AS found,
       CASE WHEN w.proper IS NULL THEN format('DELETE FROM group_memberships WHERE id = %s', m.id)
            ELSE format('UPDATE group_memberships SET symbol = %L WHERE id = %s', w.proper, m.id) END AS mend
  FROM wrong w
  JOIN environment_memberships m USING (symbol)
 WHERE NOT EXISTS (SELECT FROM group_memberships p WHERE p.group_id = m.group_id AND p.symbol = w.proper)
 ORDER BY 1, 2, 3, 4;
