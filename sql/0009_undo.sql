-- What it costs to take a run back: no function call a row, no write to an index that is not asked for it. And what is
-- known of groups, and of files, after several undos.

DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
END
$$;

-- Which runs an undo bears on: the one that it takes back; that one's own, if it is an undo too, which holds again; and
-- so on.
CREATE VIEW undo_chains AS
WITH RECURSIVE chain AS (
    SELECT id AS undo, undoes AS run, true AS takes_back FROM load_runs WHERE undoes IS NOT NULL
    UNION ALL
    SELECT c.undo, r.undoes, NOT c.takes_back FROM chain c JOIN load_runs r ON r.id = c.run WHERE r.undoes IS NOT NULL
)
SELECT * FROM chain;

-- As in 0008, with what never held: what an undo closed on the day that it began. A hand may make a group and delete it
-- on one day, and there was such a group.
CREATE OR REPLACE VIEW group_versions AS
SELECT v.group_id, v.metadata, v.valid_from, v.valid_to, v.opened_by, v.closed_by, d.denied_by,
       v.valid_to IS NOT DISTINCT FROM v.valid_from
           AND EXISTS (SELECT FROM load_runs r WHERE r.id = v.closed_by AND r.kind = 'undo') AS never_held
  FROM membership_versions v
 CROSS JOIN LATERAL (
    SELECT min(e.opened_by) AS denied_by
      FROM membership_versions e
     WHERE e.group_id = v.group_id AND e.symbol IS NULL AND e.metadata IS NULL
       AND (e.valid_from, e.valid_to) = (v.valid_from, v.valid_to) AND e.opened_by > v.opened_by
       AND v.opened_by = v.closed_by
 ) d
 WHERE v.symbol IS NULL AND v.metadata IS NOT NULL;

CREATE OR REPLACE FUNCTION record_older_groups(of_groups integer[], from_days date[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH held AS (
        SELECT group_id, metadata, valid_from, COALESCE(valid_to, 'infinity') AS valid_to
          FROM group_versions
         WHERE group_id = ANY (of_groups) AND denied_by IS NULL AND NOT never_held
    )
    INSERT INTO membership_versions (group_id, symbol, metadata, valid_from, valid_to, opened_by, closed_by)
    SELECT DISTINCT ON (f.group_id) f.group_id, NULL, h.metadata, f.from_day, h.valid_from, t.id, t.id
      FROM unnest(of_groups, from_days) AS f (group_id, from_day)
     CROSS JOIN LATERAL (
        SELECT * FROM held WHERE held.group_id = f.group_id AND held.valid_from > f.from_day ORDER BY valid_from LIMIT 1
     ) h
     CROSS JOIN this_run() t
     WHERE NOT EXISTS (
        SELECT FROM held
         WHERE held.group_id = f.group_id AND held.valid_from <= f.from_day AND held.valid_to > f.from_day)
     ORDER BY f.group_id, f.from_day
$$;

-- The runs whose versions never held, if an undo closes them: the undone run, and other undos that had brought them
-- back. Empty where a run is no undo.
CREATE FUNCTION never_held_before(run current_run) RETURNS bigint[]
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT ARRAY(SELECT u.undoes FROM load_runs u WHERE u.id = run.id
                 UNION
                 SELECT r.id FROM load_runs r WHERE r.kind = 'undo')
     WHERE run.kind = 'undo'
$$;

-- As in 0008.

CREATE OR REPLACE FUNCTION record_membership_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run;
    never_held bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM old_rows) THEN
        RETURN NULL;
    END IF;
    run := this_run_or_new();
    never_held := never_held_before(run);
    -- What one transaction both opened and closed nobody else ever saw. (A row that is there again was inserted
    -- by the same statement, which has been recorded already.)
    IF run.kind NOT IN ('load', 'undo') THEN
        DELETE FROM membership_versions v USING old_rows o
         WHERE v.opened_by = run.id
           AND v.group_id = o.group_id AND v.symbol = o.symbol AND v.closed_by IS NULL
           AND NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = o.group_id AND m.symbol = o.symbol);
    END IF;
    UPDATE membership_versions v
       SET closed_by = run.id,
           valid_to = CASE WHEN v.opened_by = ANY (never_held) THEN v.valid_from
                           ELSE GREATEST(v.valid_from, COALESCE(f.as_of, CURRENT_DATE)) END
      FROM old_rows o
      LEFT JOIN load_files f ON f.load_id = run.id AND f.group_id = o.group_id
     WHERE v.group_id = o.group_id AND v.symbol = o.symbol AND v.closed_by IS NULL
       AND NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = o.group_id AND m.symbol = o.symbol);
    DELETE FROM removed_memberships r USING old_rows o  -- removed, inserted and removed again
     WHERE r.removed_by = run.id AND r.group_id = o.group_id AND r.symbol = o.symbol;
    INSERT INTO removed_memberships (removed_by, group_id, symbol, id, added_at)
    SELECT run.id, o.group_id, o.symbol, o.id, o.added_at
      FROM old_rows o
     WHERE NOT EXISTS (SELECT FROM group_memberships m WHERE m.group_id = o.group_id AND m.symbol = o.symbol);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION record_membership_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run := this_run();
    never_held bigint[] := never_held_before(run);
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
       SET closed_by = run.id,
           valid_to = CASE WHEN v.opened_by = ANY (never_held) THEN v.valid_from
                           ELSE GREATEST(v.valid_from, COALESCE(f.as_of, CURRENT_DATE)) END
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

DROP FUNCTION never_held(bigint, bigint);

ALTER FUNCTION record_membership_update() SET timezone TO 'UTC';
ALTER FUNCTION record_membership_delete() SET timezone TO 'UTC';

-- What was taken back held on no day.
DROP INDEX membership_versions_of_group;
CREATE INDEX membership_versions_of_group ON membership_versions (group_id, version_span(valid_to - valid_from), valid_from)
    WHERE closed_by IS NOT NULL AND valid_to > valid_from;

-- As in 0007.
CREATE OR REPLACE FUNCTION members_on(of_groups integer[], day date, known bigint DEFAULT NULL)
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
             WHERE e.closed_by IS NOT NULL AND e.valid_to > e.valid_from AND e.group_id = ANY (of_groups)
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

-- As in 0008.
CREATE OR REPLACE FUNCTION date_undone(undone bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    undo bigint := (this_run()).id;
BEGIN
    UPDATE membership_versions v
       SET valid_to = v.valid_from
     WHERE v.closed_by = undo AND v.opened_by <> undo AND v.valid_to <> v.valid_from
       AND (v.opened_by = undone OR v.opened_by IN (SELECT id FROM load_runs WHERE kind = 'undo'));
    UPDATE membership_versions u
       SET valid_from = t.valid_to
      FROM membership_versions t
     WHERE u.opened_by = undo AND u.closed_by IS NULL
       AND t.closed_by = undone AND t.opened_by <> undone AND t.valid_to <> u.valid_from
       AND t.group_id = u.group_id AND COALESCE(t.symbol, '') = COALESCE(u.symbol, '')  -- which can be hashed
       AND NOT EXISTS (
           SELECT FROM membership_versions c
            WHERE c.closed_by = undo AND c.opened_by <> undo AND c.valid_to > c.valid_from
              AND c.group_id = u.group_id AND COALESCE(c.symbol, '') = COALESCE(u.symbol, ''));
    INSERT INTO membership_versions (group_id, valid_from, valid_to, opened_by, closed_by)
    SELECT g.group_id, g.valid_from, g.valid_to, undo, undo
      FROM load_files f
      JOIN group_versions g USING (group_id)
     WHERE f.load_id = undo AND g.opened_by = undone AND g.closed_by = undone AND g.denied_by IS NULL
       AND NOT EXISTS (  -- which still tells of these days, and those before
           SELECT FROM load_files h
            WHERE h.group_id = g.group_id AND h.scope <> 'undo' AND h.undone_by IS NULL AND h.as_of < g.valid_from);
    PERFORM record_older_groups(array_agg(h.group_id), array_agg(h.as_of))
       FROM load_files f
       JOIN load_files h USING (group_id)
      WHERE f.load_id = undo AND h.scope <> 'undo' AND h.undone_by IS NULL AND h.as_of IS NOT NULL;
END
$$;
