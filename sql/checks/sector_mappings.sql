-- Exactly the 11 GICS sectors, and 'unknown' beside them: a sector that is missing, or one that GICS does not know,
-- makes every count by sector wrong.

SELECT 'fail' AS severity, 'SECTOR' AS group_type, COALESCE(g.name, s.name) AS group_name, NULL AS symbol,
       CASE WHEN g.name IS NULL THEN s.name || ' is missing among the sectors'
            ELSE g.name || ' is no GICS sector; it holds '
                 || (SELECT count(*) FROM group_memberships m WHERE m.group_id = g.id) || ' stocks' END AS found,
       'python scripts/cache_maintenance/organize_sectors_industries.py' AS mend
  FROM (SELECT id, name FROM environment_groups WHERE type = 'SECTOR') g
  FULL JOIN gics_sectors() s ON s.name = g.name
 WHERE g.name IS NULL OR s.name IS NULL
 ORDER BY 1, 2, 3, 4;
