-- The figures in the brackets of a validation, beside those of reports/summary.sql.

SELECT (SELECT count(*) FROM environment_groups g JOIN gics_sectors() s USING (name)
         WHERE g.type = 'SECTOR' AND name <> 'unknown') AS sectors,
       EXISTS (SELECT FROM environment_groups WHERE type = 'SECTOR' AND name = 'unknown') AS has_unknown,
       (SELECT count(*) FROM environment_groups g
         WHERE type = 'ETF' AND EXISTS (SELECT FROM group_memberships WHERE group_id = g.id AND weight IS NOT NULL))
           AS weighted,
       (SELECT count(*) FROM stock_sectors) AS assigned,
       count(*) AS files,
       count(f.as_of) AS dated,
       min(f.as_of) AS oldest
  FROM environment_groups g
 CROSS JOIN LATERAL (SELECT as_of FROM last_files WHERE group_id = g.id LIMIT 1) f
 WHERE g.type <> 'SECTOR';  -- their rows come from no file of their own
