-- Funds without a single member, or no fund at all: whoever asks for their holdings gets an empty list and no error.

SELECT 'fail' AS severity, g.type AS group_type, g.name AS group_name, NULL AS symbol,
       g.name || ' has no members' || CASE WHEN of_loader THEN '' ELSE ', and no load has read a file for it' END
           AS found,
       CASE WHEN of_loader AND g.name ~ '^[A-Z][A-Z0-9.]*$'
            THEN 'python scripts/cache_maintenance/load_etf_holdings.py --etf ' || g.name || ' --mode full'
            ELSE 'DELETE FROM definition_groups WHERE id = ' || g.id END AS mend
  FROM environment_groups g
 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM load_files WHERE group_id = g.id) AS of_loader) f
 WHERE g.type = 'ETF'
   AND NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = g.id)
UNION ALL
SELECT 'fail', 'ETF', NULL, NULL, 'no fund is stored',
       'python scripts/cache_maintenance/load_etf_holdings.py --mode full'
 WHERE NOT EXISTS (SELECT FROM environment_groups WHERE type = 'ETF')
 ORDER BY 1, 2, 3, 4;
