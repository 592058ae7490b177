-- Three accounts of the same rows must agree: what the last load of a group's file left (and put its fingerprint on
-- record), what is stored now, and what the history says is current. A row that differs was changed by a hand, or by
-- somebody who switched the record off. A row in a mere other spelling is left to spellings and duplicates.
-- (LIMIT 1 after last_files: else it would go through all files that a group ever had.)

WITH loaded AS MATERIALIZED (
    -- the groups that a loader read from a file, and what it put on record the last time
    SELECT g.id AS group_id, g.type, g.name, r.type AS type_then, f.group_name AS name_then, f.load_id, d.version,
           f.stored_fingerprint, f.kept, f.kept_symbols,
           'python scripts/cache_maintenance/' || CASE g.type
               WHEN 'ETF' THEN 'load_etf_holdings.py'
                               || CASE WHEN g.name ~ '^[A-Z][A-Z0-9.]*$' THEN ' --etf ' || g.name ELSE '' END
               WHEN 'UNIVERSE' THEN 'load_universes.py'
               ELSE 'organize_universe.py' END || ' --mode full' AS reload
      FROM environment_groups g
     CROSS JOIN LATERAL (SELECT * FROM last_files WHERE group_id = g.id LIMIT 1) f
      JOIN load_runs r ON r.id = f.load_id
      LEFT JOIN data_version d ON d.load_id = f.load_id
     WHERE g.type IN ('ETF', 'UNIVERSE', 'THEME')
), contents AS MATERIALIZED (
    SELECT group_id, md5(string_agg(symbol || '|' || COALESCE(weight::text, ''), E'\n' ORDER BY symbol)) AS fingerprint
      FROM group_memberships
     WHERE group_id IN (SELECT group_id FROM loaded)
     GROUP BY group_id
), moved AS MATERIALIZED (
    -- only these are compared row by row with what the load left
    SELECT l.*
      FROM loaded l
      LEFT JOIN contents c USING (group_id)
     WHERE COALESCE(c.fingerprint, md5('')) <> l.stored_fingerprint OR l.kept > 0
), left_then AS MATERIALIZED (
    SELECT v.group_id, v.symbol, v.weight, regexp_replace(upper(v.symbol), '[^A-Z]', '', 'g') AS letters
      FROM moved l
      JOIN membership_versions v ON v.group_id = l.group_id AND v.symbol IS NOT NULL
      JOIN data_version o ON o.load_id = v.opened_by AND o.version <= l.version
      LEFT JOIN data_version c ON c.load_id = v.closed_by
     WHERE c.version IS NULL OR c.version > l.version
), stored AS MATERIALIZED (
    SELECT group_id, symbol, weight, metadata ->> 'source' = 'file' AS of_file,
           regexp_replace(upper(symbol), '[^A-Z]', '', 'g') AS letters
      FROM group_memberships
     WHERE group_id IN (SELECT group_id FROM moved)
), kept AS (
    SELECT group_id, unnest(kept_symbols) AS symbol FROM moved
), respelled AS MATERIALIZED (
    SELECT group_id, t.symbol AS old, s.symbol AS new
      FROM left_then t JOIN stored s USING (group_id, letters)
     WHERE t.symbol <> s.symbol
), drifted AS (
    SELECT group_id, symbol, t.symbol IS NOT NULL AS was_left, s.symbol IS NOT NULL AS is_stored, s.of_file,
           k.symbol IS NOT NULL AS kept,
           COALESCE(t.weight::text, 'no weight') AS old_weight, COALESCE(s.weight::text, 'no weight') AS new_weight
      FROM left_then t
      FULL JOIN stored s USING (group_id, symbol)
      FULL JOIN kept k USING (group_id, symbol)
     WHERE k.symbol IS NOT NULL OR t.symbol IS NULL OR s.symbol IS NULL OR t.weight IS DISTINCT FROM s.weight
), weightless AS (
    -- a hand gave them weights that their file does not have; the loader's guard has to be told
    SELECT group_id FROM stored WHERE weight IS NOT NULL
    EXCEPT
    SELECT group_id FROM left_then WHERE weight IS NOT NULL
), since_load AS (
    SELECT d.group_id, d.symbol, l.reload || CASE WHEN w.group_id IS NULL THEN '' ELSE ' --force' END AS reload,
           CASE WHEN d.kept OR NOT was_left AND of_file IS NOT TRUE THEN 'warn' ELSE 'fail' END AS severity,
           'database changed: ' || CASE WHEN d.kept AND NOT is_stored
                THEN format('%s is not in %s because a hand deleted it; load %s kept that', d.symbol, name, load_id)
                WHEN d.kept
                THEN format('%s in %s is as a hand left it (%s); load %s kept that', d.symbol, name, new_weight, load_id)
                WHEN NOT is_stored THEN format('%s is gone from %s since load %s', d.symbol, name, load_id)
                WHEN was_left
                THEN format('%s in %s has %s, load %s left %s', d.symbol, name, new_weight, load_id, old_weight)
                WHEN of_file
                THEN format('%s in %s says that it is of the file, load %s did not leave it', d.symbol, name, load_id)
                ELSE format('%s is in %s by hand; an incremental load leaves it, --mode full removes it', d.symbol, name)
                END AS found
      FROM drifted d
      JOIN loaded l USING (group_id)
      LEFT JOIN weightless w USING (group_id)
      LEFT JOIN respelled o ON NOT is_stored AND o.group_id = d.group_id AND o.old = d.symbol
      LEFT JOIN respelled n ON NOT was_left AND n.group_id = d.group_id AND n.new = d.symbol
     WHERE o.old IS NULL AND n.new IS NULL
), unrecorded AS (
    -- open versions and stored rows, both ways, of every type
    SELECT group_id, symbol, v.symbol IS NOT NULL AS in_history, m.id
      FROM (SELECT group_id, symbol, weight, metadata FROM membership_versions
             WHERE closed_by IS NULL AND symbol IS NOT NULL AND group_id IN (SELECT id FROM environment_groups)) v
      FULL JOIN (SELECT id, group_id, symbol, weight, metadata FROM group_memberships
                  WHERE group_id IN (SELECT id FROM environment_groups)) m USING (group_id, symbol)
     WHERE v.symbol IS NULL OR m.symbol IS NULL OR (v.weight, v.metadata) IS DISTINCT FROM (m.weight, m.metadata)
), of_rows AS (
    SELECT CASE WHEN u.symbol IS NULL THEN l.severity ELSE 'fail' END AS severity, g.type, g.name, symbol,
           concat_ws('; ', l.found,
                     CASE WHEN u.symbol IS NULL THEN NULL
                          WHEN NOT in_history THEN format('the history does not know %s in %s', symbol, g.name)
                          WHEN u.id IS NULL THEN format('the history still has %s in %s', symbol, g.name)
                          ELSE format('%s in %s was changed without a record', symbol, g.name) END) AS found,
           -- a load puts the row back; what no load would touch is written again, this time with a record
           CASE WHEN l.symbol IS NOT NULL THEN l.reload
                WHEN u.id IS NULL
                THEN format('INSERT INTO group_memberships (group_id, symbol) VALUES (%1$s, %2$L);'
                            ' DELETE FROM group_memberships WHERE group_id = %1$s AND symbol = %2$L', group_id, symbol)
                ELSE format('WITH gone AS (DELETE FROM group_memberships WHERE id = %s RETURNING *)'
                            ' INSERT INTO group_memberships SELECT * FROM gone', u.id) END AS mend
      FROM since_load l
      FULL JOIN unrecorded u USING (group_id, symbol)
      JOIN environment_groups g ON g.id = group_id
), of_groups AS (
    -- the groups themselves and their open versions, both ways
    SELECT COALESCE(g.type, v.metadata ->> 'type') AS type, COALESCE(g.name, v.metadata ->> 'name') AS name,
           CASE WHEN v.group_id IS NULL THEN format('the history does not know the group %s', g.name)
                WHEN g.id IS NULL THEN format('the history still has the group %s', v.metadata ->> 'name')
                ELSE format('the group %s was changed without a record', g.name) END AS found,
           CASE WHEN g.id IS NULL
                THEN format('UPDATE membership_versions SET valid_to = GREATEST(valid_from, CURRENT_DATE), closed_by ='
                            ' (SELECT max(load_id) FROM data_version) WHERE closed_by IS NULL AND group_id = %s',
                            v.group_id)
                ELSE format('UPDATE definition_groups SET metadata = metadata || ''{"again": 1}'' WHERE id = %1$s;'
                            ' UPDATE definition_groups SET metadata = metadata - ''again'' WHERE id = %1$s', g.id)
                END AS mend
      FROM environment_groups g
      FULL JOIN (SELECT group_id, metadata FROM membership_versions
                  WHERE closed_by IS NULL AND symbol IS NULL AND metadata ->> 'environment' = current_environment()) v
        ON v.group_id = g.id
     WHERE g.id IS NULL OR v.group_id IS NULL
        OR v.metadata <> jsonb_build_object('type', g.type, 'name', g.name, 'environment', current_environment(),
                                            'description', g.description, 'metadata', g.metadata)
), rewritten AS (
    -- somebody changed rows and their history together: then only the fingerprint tells
    SELECT l.type, l.name,
           format('database changed: %s is not as load %s left it, and the history hides which rows', l.name, load_id)
               AS found, l.reload AS mend
      FROM moved l
      LEFT JOIN (
          SELECT group_id, md5(string_agg(symbol || '|' || COALESCE(weight::text, ''), E'\n' ORDER BY symbol)) AS was
            FROM left_then GROUP BY group_id
      ) t USING (group_id)
     WHERE COALESCE(t.was, md5('')) <> l.stored_fingerprint
), renamed AS (
    SELECT l.type, l.name,
           format('database changed: load %s read this %s as the %s %s', load_id, name, type_then, name_then) AS found,
           -- where another load has made the group of that name again, this one stays behind and is loaded no more
           CASE WHEN (type_then, name_then) IN (SELECT type, name FROM environment_groups)
                THEN format('DELETE FROM definition_groups WHERE id = %s', group_id)
                ELSE format('UPDATE definition_groups SET type = %L, name = %L WHERE id = %s', type_then, name_then,
                            group_id) END AS mend
      FROM loaded l
     WHERE (l.type, l.name) <> (type_then, name_then)
), taken AS (
    -- groups that a hand took away, with all their rows, after the last load of their type
    SELECT r.type, f.group_name AS name,
           format('database changed: the %s %s is gone with its %s members; run %s, no load, took it away', r.type,
                  f.group_name, f.members, h.id) AS found,
           'python scripts/cache_maintenance/' || CASE r.type
               WHEN 'ETF' THEN 'load_etf_holdings.py --etf ' || f.group_name
               WHEN 'UNIVERSE' THEN 'load_universes.py --mode incremental'
               ELSE 'organize_universe.py --mode incremental' END AS mend
      FROM (SELECT DISTINCT group_id FROM membership_versions
             WHERE symbol IS NULL AND group_id NOT IN (SELECT id FROM environment_groups)) g
     CROSS JOIN LATERAL (SELECT * FROM last_files WHERE group_id = g.group_id LIMIT 1) f
      JOIN load_runs r
        ON r.id = f.load_id AND r.environment = current_environment() AND r.type IN ('ETF', 'UNIVERSE', 'THEME')
     CROSS JOIN LATERAL (SELECT max(closed_by) AS run FROM membership_versions
                          WHERE group_id = f.group_id AND symbol IS NULL AND opened_by <> closed_by) c
      JOIN load_runs h ON h.id = c.run AND h.kind = 'manual'
     WHERE NOT EXISTS (SELECT FROM load_runs n WHERE n.kind = 'load' AND n.only_group IS NULL AND n.type = r.type
                                                 AND n.environment = r.environment AND n.id > h.id)
       AND (r.type, f.group_name) NOT IN (SELECT type, name FROM environment_groups)
)
SELECT severity, type AS group_type, name AS group_name, symbol, found, mend FROM of_rows
UNION ALL
SELECT 'fail', type, name, NULL, found, mend FROM of_groups
UNION ALL
SELECT 'fail', type, name, NULL, found, mend FROM rewritten
UNION ALL
SELECT 'fail', type, name, NULL, found, mend FROM renamed
UNION ALL
SELECT 'fail', type, name, NULL, found, mend FROM taken
 ORDER BY 1, 2, 3, 4;
