-- What tells one state of the data from every other, also after a restore: its version, and the run that made it.

SELECT v.version, r.run_key::text
  FROM data_version v
  LEFT JOIN load_runs r ON r.id = v.load_id
 ORDER BY v.version DESC
 LIMIT 1;
