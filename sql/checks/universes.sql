-- Universes without a single member. That there is none at all is no finding: a folder may hold funds only.

SELECT 'fail' AS severity, g.type AS group_type, g.name AS group_name, NULL AS symbol,
       'the universe ' || g.name || ' has no members'
           || CASE WHEN of_loader THEN '' ELSE ', and no load has read a file for it' END AS found,
       CASE WHEN of_loader THEN 'python scripts/cache_maintenance/load_universes.py --mode full'
            ELSE 'DELETE FROM definition_groups WHERE id = ' || g.id END AS mend
  FROM environment_groups g
 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM load_files WHERE group_id = g.id) AS of_loader) f
 WHERE g.type = 'UNIVERSE'
   AND NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = g.id)
 ORDER BY 1, 2, 3, 4;
