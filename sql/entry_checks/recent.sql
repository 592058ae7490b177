-- The entries were organised after the last change of symbols and groups, and for this environment.

WITH organized AS (
    SELECT updated_at::timestamptz AS updated_at, value ->> 'environment' AS environment
      FROM cache_entries
     WHERE (type, name, key) = ('stock_stats', 'universe', 'summary')
), changes (what, at) AS (
    SELECT 'symbols', max(updated_at)::timestamptz FROM symbols
     UNION ALL
    SELECT 'groups', max(COALESCE(committed_at, started_at))
      FROM load_runs WHERE environment = current_environment() OR environment IS NULL
), found AS (
    SELECT 'the entries were never organised' AS found WHERE NOT EXISTS (SELECT FROM organized)
     UNION ALL
    SELECT format('the entries are those of the environment %s, expected %s', environment, current_environment())
      FROM organized WHERE environment IS DISTINCT FROM current_environment()
     UNION ALL
    SELECT format('%s changed at %s, after the entries were organised at %s', what,
                  to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'),
                  to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'))
      FROM organized JOIN changes ON at > updated_at
)
SELECT 'fail' AS severity, NULL AS entry, found, 'python scripts/maintenance/run_cache_synchronization.py' AS mend
  FROM found
 ORDER BY found;
