-- What an environment holds, in numbers.

SELECT (SELECT count(*) FROM environment_groups WHERE type = 'ETF') AS etfs,
       (SELECT count(*) FROM environment_groups WHERE type = 'UNIVERSE') AS universes,
       (SELECT count(*) FROM environment_groups WHERE type = 'SECTOR') AS sectors,
       (SELECT count(*) FROM environment_groups WHERE type = 'THEME') AS themes,
       (SELECT count(*) FROM environment_stocks) AS stocks,
       (SELECT count(*) FROM environment_memberships) AS relationships;
