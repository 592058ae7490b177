-- Themes without a single member. No theme at all is a warning: not everybody wants themes.

SELECT 'fail' AS severity, g.type AS group_type, g.name AS group_name, NULL AS symbol,
       'the theme ' || g.name || ' has no members'
           || CASE WHEN of_loader THEN '' ELSE ', and no load has read a line for it' END AS found,
       CASE WHEN of_loader THEN 'python scripts/cache_maintenance/organize_universe.py --mode full'
            ELSE 'DELETE FROM definition_groups WHERE id = ' || g.id END AS mend
  FROM environment_groups g
 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM load_files WHERE group_id = g.id) AS of_loader) f
 WHERE g.type = 'THEME'
   AND NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = g.id)
UNION ALL
SELECT 'warn', 'THEME', NULL, NULL, 'no theme is stored',
       'python scripts/cache_maintenance/organize_universe.py --mode full'
 WHERE NOT EXISTS (SELECT FROM environment_groups WHERE type = 'THEME')
 ORDER BY 1, 2, 3, 4;
