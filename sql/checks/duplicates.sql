-- The same thing twice: a stock in one group under two spellings, two groups of a type whose names differ only in
-- case, two funds whose weights agree to the last decimal (one file under two names).

WITH stored AS MATERIALIZED (
    SELECT DISTINCT symbol FROM environment_memberships
), trimmed AS (
    SELECT symbol, regexp_replace(upper(symbol), '^\s+|[\s*]+$', '', 'g') AS text FROM stored
), spelled AS MATERIALIZED (
    SELECT symbol,
           CASE WHEN text = ANY ('{AGMA,AKOA,AKOB,BFA,BFB,BHA,BIOB,BRKA,BRKB,BWLA,CRDA,CRDB,CWENA,FCEA,FCEB,GEFB,GTNA,
                                   HEIA,HVTA,JWA,JWB,LENB,LGFA,LGFB,MKCV,MOGA,MOGB,NYLDA,STZB,TAPA,UHALB,WSOB}')
                THEN left(text, -1) || '.' || right(text, 1)
                ELSE regexp_replace(text, '^([A-Z]+)([./-]| +)([A-Z])$', '\1.\3') END AS proper
      FROM trimmed
), twice AS (
    -- only stocks that stand somewhere under more than one spelling
    SELECT symbol, proper FROM spelled
     WHERE proper IN (SELECT proper FROM spelled GROUP BY proper HAVING count(*) > 1)
), rows AS (
    SELECT m.*, t.proper, first_value(m.symbol) OVER same AS kept
      FROM twice t
      JOIN environment_memberships m USING (symbol)
    WINDOW same AS (PARTITION BY m.group_id, t.proper ORDER BY m.symbol <> t.proper, m.symbol)
), names AS (
    SELECT id, type, name, first_value(name) OVER same AS kept
      FROM environment_groups g
     WHERE type <> 'SECTOR'  -- sector_mappings knows all names of sectors
    WINDOW same AS (PARTITION BY type, lower(name)
                    ORDER BY EXISTS (SELECT FROM load_files WHERE group_id = g.id) DESC, id)
), files AS (
    SELECT g.name, f.fingerprint, first_value(g.name) OVER (PARTITION BY f.fingerprint ORDER BY g.name) AS like_this
      FROM environment_groups g
     CROSS JOIN LATERAL (
         SELECT fingerprint, members FROM last_files WHERE group_id = g.id LIMIT 1
     ) f
     WHERE g.type = 'ETF' AND f.members >= 10
), copies AS (
    -- not where all weights are equal or empty: then two funds of an index may well agree
    SELECT name, like_this
      FROM files
     WHERE name <> like_this
       AND (SELECT count(DISTINCT weight) > 1 FROM environment_memberships m WHERE m.type = 'ETF' AND m.group_name = name)
)
SELECT 'fail' AS severity, type AS group_type, group_name, symbol,
       format('%s holds %L beside %s, the same stock', group_name, symbol, kept) AS found,
       format('DELETE FROM group_memberships WHERE id = %s', id) AS mend
  FROM rows
 WHERE symbol <> kept
UNION ALL
SELECT 'fail', type, name, NULL,
       format('there is a group %s and a group %s (%s)', name, kept, type),
       format('DELETE FROM definition_groups WHERE id = %s', id)
  FROM names
 WHERE name <> kept
UNION ALL
SELECT 'warn', 'ETF', name, NULL,
       format('the last file of %s had exactly the weights of %s; download it again', name, like_this),
       'python scripts/cache_maintenance/load_etf_holdings.py'
           || CASE WHEN name ~ '^[A-Z][A-Z0-9.]*$' THEN ' --etf ' || name ELSE '' END
  FROM copies
 ORDER BY 1, 2, 3, 4;
