-- The groups that an environment ever had, and how each stands on a day: there, removed by then, or not known then.
-- With it, from when on it is known at all, and since when that is known; or on which day what removed it.

WITH there AS MATERIALIZED (
    SELECT id, type, name
      FROM groups_on(%(day)s, %(known)s)
     WHERE environment = current_environment()
), versions AS MATERIALIZED (
    SELECT v.metadata ->> 'type' AS type,
           v.metadata ->> 'name' AS name,
           v.valid_from,
           CASE WHEN %(known)s IS NULL OR o.version > %(known)s OR k.version <= %(known)s THEN v.valid_to END AS valid_to,
           %(known)s IS NULL OR o.version <= %(known)s AS known_by_then,
           v.opened_by,
           v.closed_by,
           o.version
      FROM group_versions v
      JOIN data_version o ON o.load_id = v.opened_by
      LEFT JOIN data_version k ON k.load_id = v.closed_by
      LEFT JOIN data_version d ON d.load_id = v.denied_by
     WHERE v.metadata ->> 'environment' = current_environment() AND (d.version <= COALESCE(%(known)s, d.version)) IS NOT TRUE
       AND (%(type)s IS NULL OR v.metadata ->> 'type' = %(type)s)
), firsts AS (
    SELECT DISTINCT ON (type, name) *
      FROM versions
     WHERE valid_to IS NULL OR valid_to > valid_from
     ORDER BY type, name, known_by_then DESC, valid_from, version
), lasts AS (
    SELECT DISTINCT ON (type, name) *
      FROM versions
     WHERE known_by_then AND valid_from <= %(day)s AND valid_from < valid_to AND valid_to <= %(day)s
     ORDER BY type, name, valid_to DESC, version DESC
)
SELECT f.type,
       f.name,
       t.id,
       CASE WHEN t.id IS NOT NULL THEN 'known' WHEN l.name IS NOT NULL THEN 'removed' ELSE 'not known' END AS status,
       f.valid_from,
       f.opened_by,
       a.committed_at AS known_since,
       l.valid_to AS removed_on,
       l.closed_by AS removed_by,
       z.committed_at AS removed_at
  FROM firsts f
  LEFT JOIN there t ON t.type = f.type AND t.name = f.name
  LEFT JOIN lasts l ON l.type = f.type AND l.name = f.name
  JOIN load_runs a ON a.id = f.opened_by
  LEFT JOIN load_runs z ON z.id = l.closed_by
 ORDER BY f.type, f.name COLLATE "C";
