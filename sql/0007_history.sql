-- Runs that take back others, files that tell of the past, and the questions what held on a date and what was known.

DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
END
$$;

ALTER TABLE load_runs
    DROP CONSTRAINT load_runs_kind_check,
    ADD CONSTRAINT load_runs_kind_check CHECK (kind IN ('load', 'undo', 'restore', 'manual', 'adopted')),
    ADD COLUMN undoes bigint,
    ADD COLUMN note text;
COMMENT ON TABLE load_runs IS 'One row a transaction that changed groups or memberships: a load, an undo, a restore of a backup, a hand (manual), or the adoption of an older database.';
COMMENT ON COLUMN load_runs.undoes IS 'The run that this undo took back, wholly or for some of its groups (load_files.undone_by).';

ALTER TABLE load_files
    ADD COLUMN scope text NOT NULL DEFAULT 'present' CHECK (scope IN ('present', 'past', 'undo')),
    ADD COLUMN undone_by bigint;
COMMENT ON COLUMN load_files.scope IS 'present: the stored rows became those of the file. past: the file is older than the one before it, and only the history changed. undo: no file, the group became what it was before the run that was undone; as_of is from when on.';
COMMENT ON COLUMN load_files.undone_by IS 'The run that took this back. NULL: it holds.';

-- The file that the present rows of a group come from.
CREATE VIEW last_files AS
SELECT DISTINCT ON (group_id) *
  FROM load_files
 WHERE scope = 'present' AND undone_by IS NULL
 ORDER BY group_id, id DESC;

-- Every date of which a file tells what was in a group.
CREATE VIEW snapshots AS
SELECT f.group_id, COALESCE(f.as_of, (r.started_at AT TIME ZONE 'UTC')::date) AS as_of, f.as_of IS NOT NULL AS dated,
       f.load_id, f.path, f.scope, r.committed_at AS loaded_at
  FROM load_files f
  JOIN load_runs r ON r.id = f.load_id
 WHERE f.scope <> 'undo' AND f.undone_by IS NULL;

-- An undo gives rows their ids back.
CREATE TABLE removed_memberships (
    removed_by bigint NOT NULL,
    group_id integer NOT NULL,
    symbol varchar(50) COLLATE "C" NOT NULL,
    id integer NOT NULL,
    added_at timestamp,
    PRIMARY KEY (removed_by, group_id, symbol)
);
COMMENT ON TABLE removed_memberships IS 'What membership_versions does not hold of a row that a run removed.';

-- A company that changed its ticker. What else traded under the old one later is another stock.
CREATE TABLE symbol_renames (
    old_symbol varchar(50) COLLATE "C" NOT NULL,
    new_symbol varchar(50) COLLATE "C" NOT NULL,
    renamed_on date NOT NULL,
    note text,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (old_symbol, renamed_on),
    UNIQUE (new_symbol, renamed_on),
    CHECK (old_symbol <> new_symbol)
);
COMMENT ON COLUMN symbol_renames.renamed_on IS 'First day of the new symbol.';

-- A version without metadata says that the symbol was no member. Such versions, and those that a file of the past
-- brings, never were the present state: the run that opened them closed them too, and valid_to bounds them.
ALTER TABLE membership_versions ALTER COLUMN metadata DROP NOT NULL;
COMMENT ON COLUMN membership_versions.metadata IS 'NULL: the symbol was no member from valid_from to valid_to, whatever versions that were opened earlier say.';

-- Versions sorted by how long they held, in days or in runs, to a power of two: 0 or 1, 2 or 3, 4 to 7, ... The ones
-- that held at a point are then a few short ranges of an index, however long the history is.
CREATE FUNCTION version_span(length bigint) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT width_bucket(length, '{2,4,8,16,32,64,128,256,512,1024,2048,4096,8192}'::bigint[])
$$;

DROP INDEX membership_versions_closed;
CREATE INDEX membership_versions_of_group ON membership_versions (group_id, version_span(valid_to - valid_from), valid_from)
    WHERE closed_by IS NOT NULL;
CREATE INDEX membership_versions_of_symbol ON membership_versions
    (symbol, version_span(valid_to - valid_from), valid_from, opened_by, closed_by)
    WHERE closed_by IS NOT NULL;
CREATE INDEX membership_versions_of_runs ON membership_versions
    (group_id, version_span(closed_by - opened_by), opened_by, valid_to)
    WHERE closed_by IS NOT NULL;
CREATE INDEX membership_versions_of_groups ON membership_versions (group_id) WHERE symbol IS NULL;
-- What one run opened or closed lies together on the disk.
CREATE INDEX membership_versions_runs ON membership_versions USING brin (opened_by, closed_by)
    WITH (pages_per_range = 16, autosummarize = on);

-- Which file a group stands on, on a day.
CREATE INDEX load_files_dates ON load_files (group_id, as_of, id);

-- As in 0004, with an undo treated as a load, and with the ids of removed rows kept.

CREATE OR REPLACE FUNCTION record_membership_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run;
BEGIN
    IF NOT EXISTS (SELECT FROM old_rows) THEN
        RETURN NULL;
    END IF;
    run := this_run_or_new();
    -- What one transaction both opened and closed nobody else ever saw. (A row that is there again was inserted
    -- by the same statement, which has been recorded already.)
    IF run.kind NOT IN ('load', 'undo') THEN
        DELETE FROM membership_versions v USING old_rows o
         WHERE v.opened_by = run.id
           AND v.group_id = o.group_id AND v.symbol = o.symbol AND v.closed_by IS NULL
           AND NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = o.group_id AND m.symbol = o.symbol);
    END IF;
    UPDATE membership_versions v
       SET closed_by = run.id, valid_to = GREATEST(v.valid_from, COALESCE(f.as_of, CURRENT_DATE))
      FROM old_rows o
      LEFT JOIN load_files f ON f.load_id = run.id AND f.group_id = o.group_id
     WHERE v.group_id = o.group_id AND v.symbol = o.symbol AND v.closed_by IS NULL
       AND NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = o.group_id AND m.symbol = o.symbol);
    INSERT INTO removed_memberships (removed_by, group_id, symbol, id, added_at)
    SELECT run.id, o.group_id, o.symbol, o.id, o.added_at
      FROM old_rows o
     WHERE NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = o.group_id AND m.symbol = o.symbol)
        ON CONFLICT (removed_by, group_id, symbol) DO UPDATE SET id = EXCLUDED.id, added_at = EXCLUDED.added_at;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION record_membership_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run := this_run();
BEGIN
    -- A load touches each row once, and only rows that change; a hand may do as it likes.
    IF (run.kind IN ('load', 'undo')) IS NOT TRUE THEN
        IF NOT EXISTS (
            SELECT FROM old_rows o FULL JOIN new_rows n USING (id)
             WHERE (o.group_id, o.symbol, o.weight, o.metadata)
                   IS DISTINCT FROM (n.group_id, n.symbol, n.weight, n.metadata)
        ) THEN
            RETURN NULL;
        END IF;
        run := this_run_or_new();
        DELETE FROM membership_versions v USING old_rows o FULL JOIN new_rows n USING (id)
         WHERE (o.group_id, o.symbol, o.weight, o.metadata)
               IS DISTINCT FROM (n.group_id, n.symbol, n.weight, n.metadata)
           AND v.opened_by = run.id
           AND v.group_id = o.group_id AND v.symbol = o.symbol AND v.closed_by IS NULL;
    END IF;
    UPDATE membership_versions v
       SET closed_by = run.id, valid_to = GREATEST(v.valid_from, COALESCE(f.as_of, CURRENT_DATE))
      FROM old_rows o
      FULL JOIN new_rows n USING (id)
      LEFT JOIN load_files f ON f.load_id = run.id AND f.group_id = o.group_id
     WHERE (o.group_id, o.symbol, o.weight, o.metadata)
           IS DISTINCT FROM (n.group_id, n.symbol, n.weight, n.metadata)
       AND v.group_id = o.group_id AND v.symbol = o.symbol AND v.closed_by IS NULL;
    INSERT INTO membership_versions (group_id, symbol, weight, metadata, valid_from, opened_by)
    SELECT n.group_id, n.symbol, n.weight, n.metadata, COALESCE(f.as_of, CURRENT_DATE), run.id
      FROM new_rows n
      FULL JOIN old_rows o USING (id)
      LEFT JOIN load_files f ON f.load_id = run.id AND f.group_id = n.group_id
     WHERE (o.group_id, o.symbol, o.weight, o.metadata)
           IS DISTINCT FROM (n.group_id, n.symbol, n.weight, n.metadata)
       AND n.group_id IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE FUNCTION record_membership_ids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run := this_run_or_new();
BEGIN
    INSERT INTO removed_memberships (removed_by, group_id, symbol, id, added_at)
    SELECT run.id, group_id, symbol, id, added_at FROM group_memberships
        ON CONFLICT (removed_by, group_id, symbol) DO UPDATE SET id = EXCLUDED.id, added_at = EXCLUDED.added_at;
    RETURN NULL;
END
$$;

CREATE TRIGGER group_memberships_ids BEFORE TRUNCATE ON group_memberships
    FOR EACH STATEMENT EXECUTE FUNCTION record_membership_ids();

-- A group is as old as the first file that tells of it, not as its first load.
CREATE FUNCTION date_new_groups() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE membership_versions v
       SET valid_from = n.as_of
      FROM new_rows n
     WHERE v.group_id = n.group_id AND v.symbol IS NULL AND v.closed_by IS NULL
       AND v.opened_by = n.load_id AND n.as_of < v.valid_from;
    RETURN NULL;
END
$$;

CREATE TRIGGER load_files_date AFTER INSERT ON load_files
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION date_new_groups();

UPDATE membership_versions v
   SET valid_from = f.as_of
  FROM load_files f
 WHERE v.group_id = f.group_id AND v.symbol IS NULL AND v.opened_by = f.load_id AND f.as_of < v.valid_from;

-- What a file, or an undo, says of the past. The rows count from one day to before another; without metadata: the
-- symbol was no member then. Only the run of this transaction may say so.
CREATE FUNCTION record_past(
    of_group integer, from_day date, symbols text[], weights numeric[], metadatas jsonb[], until_days date[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO membership_versions (group_id, symbol, weight, metadata, valid_from, valid_to, opened_by, closed_by)
    SELECT of_group, r.symbol, r.weight, r.metadata, from_day, r.until_day, t.id, t.id
      FROM unnest(symbols, weights, metadatas, until_days) AS r (symbol, weight, metadata, until_day)
     CROSS JOIN this_run() t
     WHERE r.until_day > from_day
     ORDER BY r.symbol
$$;

-- Where the group itself is younger than what a file tells of its past.
CREATE FUNCTION record_older_group(of_group integer, from_day date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO membership_versions (group_id, symbol, metadata, valid_from, valid_to, opened_by, closed_by)
    SELECT of_group, NULL, v.metadata, from_day, v.valid_from, t.id, t.id
      FROM (SELECT metadata, valid_from FROM membership_versions
             WHERE group_id = of_group AND symbol IS NULL AND metadata IS NOT NULL
             ORDER BY valid_from LIMIT 1) v
     CROSS JOIN this_run() t
     WHERE v.valid_from > from_day
$$;

-- An undo has put rows back: what the undone run opened never held, and what it closed goes on from there. The same
-- goes for what another undo had brought back of it. Where a hand's row was overwritten by force, it is from today on.
CREATE FUNCTION date_undone(undone bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    undo bigint := (this_run()).id;
BEGIN
    UPDATE membership_versions v
       SET valid_to = v.valid_from
     WHERE v.closed_by = undo AND v.opened_by <> undo
       AND (v.opened_by = undone OR v.opened_by IN (SELECT id FROM load_runs WHERE kind = 'undo'));
    UPDATE membership_versions u
       SET valid_from = t.valid_to
      FROM membership_versions t
     WHERE u.opened_by = undo AND u.closed_by IS NULL
       AND t.closed_by = undone AND t.opened_by <> undone
       AND t.group_id = u.group_id AND t.symbol IS NOT DISTINCT FROM u.symbol
       AND NOT EXISTS (
           SELECT FROM membership_versions c
            WHERE c.closed_by = undo AND c.opened_by <> undo AND c.valid_to > c.valid_from
              AND c.group_id = u.group_id AND c.symbol IS NOT DISTINCT FROM u.symbol);
END
$$;

-- Who made a version that an undo has brought back.
CREATE FUNCTION origin_kind(kind text, version membership_versions) RETURNS text
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
    WHILE kind = 'undo' LOOP
        SELECT v.* INTO version
          FROM load_runs u
          JOIN membership_versions v
            ON v.closed_by = u.undoes AND v.group_id = version.group_id AND v.symbol = version.symbol
         WHERE u.id = version.opened_by;
        kind := (SELECT r.kind FROM load_runs r WHERE r.id = version.opened_by);
    END LOOP;
    RETURN kind;
END
$$;

REVOKE EXECUTE ON FUNCTION record_past(integer, date, text[], numeric[], jsonb[], date[]),
    record_older_group(integer, date), date_undone(bigint) FROM PUBLIC;

-- What held on a day, as it is known now (known: NULL) or as it was known at a version of the data. Of several
-- versions the one opened last holds. The functions are no part of the plan around them (a function with settings of
-- its own is not inlined): the planner could not guess how many rows they give, but we can.

-- Which runs count, where only what was known at a version of the data does: up to `last`, without those that came
-- `late` (runs are numbered as they begin, versions as they commit); the others begin with `next`.
CREATE FUNCTION runs_known(known bigint, OUT last bigint, OUT next bigint, OUT late bigint[])
LANGUAGE sql STABLE SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan AS $$
    SELECT l.last, COALESCE(l.next, l.newest + 1),
           ARRAY(SELECT load_id FROM data_version WHERE version > known AND load_id < l.last)
      FROM (SELECT max(load_id) FILTER (WHERE version <= known) AS last,
                   min(load_id) FILTER (WHERE version > known) AS next,
                   max(load_id) AS newest
              FROM data_version) l
$$;

CREATE FUNCTION members_on(of_groups integer[], day date, known bigint DEFAULT NULL)
RETURNS TABLE (group_id integer, symbol varchar, weight numeric, metadata jsonb, valid_from date, valid_to date,
               opened_by bigint)
LANGUAGE sql STABLE ROWS 1000 SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan AS $$
    WITH spans (span, longest) AS MATERIALIZED (
        SELECT span, CASE WHEN span < 13 THEN (2 << span) - 1 END FROM generate_series(0, 13) span
    ), runs (last, next, late) AS MATERIALIZED (
        SELECT * FROM runs_known(known) WHERE known IS NOT NULL
    ), candidates AS (
        -- still open
        SELECT v.*
          FROM membership_versions v
         WHERE v.closed_by IS NULL AND v.group_id = ANY (of_groups) AND v.symbol IS NOT NULL AND v.valid_from <= day
        UNION ALL
        -- closed for a later day
        SELECT v.*
          FROM spans s
         CROSS JOIN LATERAL (
            SELECT * FROM membership_versions e
             WHERE e.closed_by IS NOT NULL AND e.group_id = ANY (of_groups)
               AND version_span(e.valid_to - e.valid_from) = s.span
               AND e.valid_from > COALESCE(day - s.longest, '-infinity') AND e.valid_from <= day
            OFFSET 0
         ) v
         WHERE v.symbol IS NOT NULL AND v.valid_to > day
        UNION ALL
        -- closed for an earlier day, but that was not known yet
        SELECT v.*
          FROM runs r
         CROSS JOIN spans s
         CROSS JOIN LATERAL (
            SELECT * FROM membership_versions e
             WHERE e.closed_by IS NOT NULL AND e.group_id = ANY (of_groups)
               AND version_span(e.closed_by - e.opened_by) = s.span
               AND e.opened_by >= COALESCE(r.next - s.longest, 0) AND e.opened_by <= r.last AND e.valid_to <= day
            OFFSET 0
         ) v
         WHERE v.closed_by >= r.next AND v.symbol IS NOT NULL AND v.valid_from <= day
    )
    SELECT l.group_id, l.symbol, l.weight, l.metadata, l.valid_from, l.valid_to, l.opened_by
      FROM (
        SELECT DISTINCT ON (c.symbol, c.group_id) c.group_id, c.symbol, c.weight, c.metadata, c.valid_from, c.opened_by,
               CASE WHEN known IS NULL OR c.closed_by <= r.last AND c.closed_by <> ALL (r.late) THEN c.valid_to END
                   AS valid_to
          FROM candidates c
          LEFT JOIN runs r ON true
          LEFT JOIN data_version d ON d.load_id = c.opened_by  -- a run that is not committed yet has no number
         WHERE known IS NULL
            OR c.opened_by <= r.last AND c.opened_by <> ALL (r.late)
               AND (c.valid_to > day OR (c.closed_by <= r.last AND c.closed_by <> ALL (r.late)) IS NOT TRUE)
         ORDER BY c.symbol, c.group_id, d.version DESC NULLS FIRST, c.valid_to
      ) l
     WHERE l.metadata IS NOT NULL
$$;

CREATE FUNCTION memberships_on(of_symbol text, day date, known bigint DEFAULT NULL)
RETURNS TABLE (group_id integer, weight numeric, metadata jsonb, valid_from date, valid_to date, opened_by bigint)
LANGUAGE sql STABLE ROWS 50 SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan AS $$
    WITH spans (span, longest) AS MATERIALIZED (
        SELECT span, CASE WHEN span < 13 THEN (2 << span) - 1 END FROM generate_series(0, 13) span
    ), runs (last, next, late) AS MATERIALIZED (
        SELECT * FROM runs_known(known) WHERE known IS NOT NULL
    ), candidates AS (
        -- still open; the stored rows know where
        SELECT v.*
          FROM group_memberships m
          JOIN membership_versions v ON v.group_id = m.group_id AND v.symbol = m.symbol AND v.closed_by IS NULL
         WHERE m.symbol = of_symbol AND v.valid_from <= day
        UNION ALL
        -- closed for a later day
        SELECT v.*
          FROM spans s
         CROSS JOIN LATERAL (
            SELECT * FROM membership_versions e
             WHERE e.closed_by IS NOT NULL AND e.symbol = of_symbol
               AND version_span(e.valid_to - e.valid_from) = s.span
               AND e.valid_from > COALESCE(day - s.longest, '-infinity') AND e.valid_from <= day
            OFFSET 0
         ) v
         WHERE v.valid_to > day
        UNION ALL
        -- closed for an earlier day, but that was not known yet
        SELECT v.*
          FROM runs r
         CROSS JOIN LATERAL (
            SELECT * FROM membership_versions e
             WHERE e.closed_by IS NOT NULL AND e.symbol = of_symbol AND e.valid_from <= day
               AND e.opened_by <= r.last AND e.closed_by >= r.next
            OFFSET 0
         ) v
         WHERE v.valid_to <= day
    )
    SELECT l.group_id, l.weight, l.metadata, l.valid_from, l.valid_to, l.opened_by
      FROM (
        SELECT DISTINCT ON (c.group_id) c.group_id, c.weight, c.metadata, c.valid_from, c.opened_by,
               CASE WHEN known IS NULL OR c.closed_by <= r.last AND c.closed_by <> ALL (r.late) THEN c.valid_to END
                   AS valid_to
          FROM candidates c
          LEFT JOIN runs r ON true
          LEFT JOIN data_version d ON d.load_id = c.opened_by  -- a run that is not committed yet has no number
         WHERE known IS NULL
            OR c.opened_by <= r.last AND c.opened_by <> ALL (r.late)
               AND (c.valid_to > day OR (c.closed_by <= r.last AND c.closed_by <> ALL (r.late)) IS NOT TRUE)
         ORDER BY c.group_id, d.version DESC NULLS FIRST, c.valid_to
      ) l
     WHERE l.metadata IS NOT NULL
$$;

-- The groups themselves: the same question for the rows without a symbol.
CREATE FUNCTION groups_on(day date, known bigint DEFAULT NULL)
RETURNS TABLE (id integer, type text, name text, environment text, description text, metadata jsonb, valid_from date,
               valid_to date, opened_by bigint)
LANGUAGE sql STABLE ROWS 50 SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan AS $$
    SELECT l.group_id, l.metadata ->> 'type', l.metadata ->> 'name', l.metadata ->> 'environment',
           l.metadata ->> 'description', l.metadata -> 'metadata', l.valid_from, l.valid_to, l.opened_by
      FROM (
        SELECT DISTINCT ON (v.group_id) v.group_id, v.metadata, v.valid_from,
               CASE WHEN known IS NULL OR k.version <= known THEN v.valid_to END AS valid_to, v.opened_by
          FROM membership_versions v
          LEFT JOIN data_version o ON o.load_id = v.opened_by
          LEFT JOIN data_version k ON k.load_id = v.closed_by AND known IS NOT NULL
         WHERE v.symbol IS NULL AND v.valid_from <= day AND (known IS NULL OR o.version <= known)
           AND (v.closed_by IS NULL OR v.valid_to > day OR known IS NOT NULL AND (k.version <= known) IS NOT TRUE)
         ORDER BY v.group_id, o.version DESC NULLS FIRST, v.valid_to
      ) l
     WHERE l.metadata IS NOT NULL
$$;

-- The tables and views as they were: SET search_path = as_of, public; SET tickstock.as_of = '2025-06-30'; and the
-- queries of today answer for that day. tickstock.known_version: as it was known at that version of the data.
CREATE SCHEMA as_of;

CREATE FUNCTION as_of.day() RETURNS date
LANGUAGE sql STABLE AS $$ SELECT COALESCE(NULLIF(current_setting('tickstock.as_of', true), '')::date, CURRENT_DATE) $$;

CREATE FUNCTION as_of.known() RETURNS bigint
LANGUAGE sql STABLE AS $$ SELECT NULLIF(current_setting('tickstock.known_version', true), '')::bigint $$;

CREATE VIEW as_of.definition_groups AS
SELECT id, name::varchar(100), type::varchar(50), description, metadata, environment::varchar(10),
       valid_from::timestamp AS created_at, valid_from::timestamp AS updated_at
  FROM groups_on(as_of.day(), as_of.known());

CREATE VIEW as_of.group_memberships AS
SELECT NULL::integer AS id, g.id AS group_id, m.symbol, m.weight, m.metadata, m.valid_from::timestamp AS added_at
  FROM as_of.definition_groups g
 CROSS JOIN LATERAL members_on(ARRAY[g.id], as_of.day(), as_of.known()) m;

CREATE VIEW as_of.environment_groups AS
SELECT id, type, name, description, metadata, created_at, updated_at
  FROM as_of.definition_groups
 WHERE environment = current_environment();

CREATE VIEW as_of.environment_memberships AS
SELECT NULL::integer AS id, g.id AS group_id, g.type, g.name AS group_name, m.symbol, m.weight, m.metadata
  FROM as_of.environment_groups g
 CROSS JOIN LATERAL members_on(ARRAY[g.id], as_of.day(), as_of.known()) m;

-- These two are asked for whole: one call for all groups costs a third of one call for each.
CREATE VIEW as_of.environment_stocks AS
SELECT DISTINCT m.symbol
  FROM members_on(ARRAY(SELECT g.id FROM as_of.environment_groups g), as_of.day(), as_of.known()) m
 WHERE NOT EXISTS (SELECT FROM as_of.environment_groups f WHERE f.type = 'ETF' AND f.name = m.symbol);

CREATE VIEW as_of.stock_sectors AS
SELECT m.symbol,
       g.name AS sector,
       m.metadata ->> 'name' AS name,
       m.metadata ->> 'industry' AS industry,
       m.metadata ->> 'source' AS source,
       m.metadata ->> 'confidence' AS confidence,
       m.metadata ->> 'reason' AS reason,
       COALESCE(m.metadata -> 'conflicts', '[]') AS conflicts
  FROM members_on(ARRAY(SELECT s.id FROM as_of.environment_groups s WHERE s.type = 'SECTOR'), as_of.day(),
                  as_of.known()) m
  JOIN as_of.environment_groups g ON g.id = m.group_id;
