-- From when on a group is known, whoever made it; one time zone for the days of the history; and loads of one group.

DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
END
$$;

ALTER TABLE load_runs
    ADD COLUMN only_group text;
COMMENT ON COLUMN load_runs.only_group IS 'The one group that a load, or an undo, was limited to (--etf). It says nothing of the others.';

-- The states that a group had. Of the days before it was stored a file may tell (the run that opened such a version
-- closed it too), until the undo of that run says, in a version without metadata, that the group was not there.
CREATE VIEW group_versions AS
SELECT v.group_id, v.metadata, v.valid_from, v.valid_to, v.opened_by, v.closed_by, d.denied_by
  FROM membership_versions v
 CROSS JOIN LATERAL (
    SELECT min(e.opened_by) AS denied_by
      FROM membership_versions e
     WHERE e.group_id = v.group_id AND e.symbol IS NULL AND e.metadata IS NULL
       AND (e.valid_from, e.valid_to) = (v.valid_from, v.valid_to) AND e.opened_by > v.opened_by
       AND v.opened_by = v.closed_by
 ) d
 WHERE v.symbol IS NULL AND v.metadata IS NOT NULL;

-- A group is known from the first of these days on of which it was not known yet, also where another run, or a hand,
-- made it.
CREATE FUNCTION record_older_groups(of_groups integer[], from_days date[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH held AS (
        SELECT group_id, metadata, valid_from, COALESCE(valid_to, 'infinity') AS valid_to
          FROM group_versions
         WHERE group_id = ANY (of_groups) AND denied_by IS NULL AND valid_to IS DISTINCT FROM valid_from
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

CREATE OR REPLACE FUNCTION date_new_groups() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE membership_versions v
       SET valid_from = n.as_of
      FROM new_rows n
     WHERE v.group_id = n.group_id AND v.symbol IS NULL AND v.closed_by IS NULL
       AND v.opened_by = n.load_id AND n.as_of < v.valid_from;
    PERFORM record_older_groups(array_agg(group_id), array_agg(as_of)) FROM new_rows WHERE as_of IS NOT NULL;
    RETURN NULL;
END
$$;

DROP FUNCTION record_older_group(integer, date);

-- As in 0007. A group is no older again than it was before the undone run; a file that holds again may tell of its
-- older days.
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
       AND t.closed_by = undone AND t.opened_by <> undone
       AND t.group_id = u.group_id AND COALESCE(t.symbol, '') = COALESCE(u.symbol, '')  -- which can be hashed
       AND NOT EXISTS (
           SELECT FROM membership_versions c
            WHERE c.closed_by = undo AND c.opened_by <> undo AND c.valid_to > c.valid_from
              AND c.group_id = u.group_id AND COALESCE(c.symbol, '') = COALESCE(u.symbol, ''));
    INSERT INTO membership_versions (group_id, valid_from, valid_to, opened_by, closed_by)
    SELECT g.group_id, g.valid_from, g.valid_to, undo, undo
      FROM load_files f
      JOIN group_versions g USING (group_id)
     WHERE f.load_id = undo AND g.opened_by = undone AND g.closed_by = undone AND g.denied_by IS NULL;
    PERFORM record_older_groups(array_agg(h.group_id), array_agg(h.as_of))
       FROM load_files f
       JOIN load_files h USING (group_id)
      WHERE f.load_id = undo AND h.scope <> 'undo' AND h.undone_by IS NULL AND h.as_of IS NOT NULL;
END
$$;

-- What an undo closes never held, if the undone run had opened it, or another undo that had brought it back.
CREATE FUNCTION never_held(opened_by bigint, undone bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT undone IS NOT NULL
       AND (opened_by = undone OR EXISTS (SELECT FROM load_runs r WHERE r.id = opened_by AND r.kind = 'undo'))
$$;

-- As in 0007, but that an undo writes each version once.

CREATE OR REPLACE FUNCTION record_membership_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run;
    undone bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM old_rows) THEN
        RETURN NULL;
    END IF;
    run := this_run_or_new();
    undone := (SELECT undoes FROM load_runs WHERE id = run.id AND run.kind = 'undo');
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
           valid_to = CASE WHEN never_held(v.opened_by, undone) THEN v.valid_from
                           ELSE GREATEST(v.valid_from, COALESCE(f.as_of, CURRENT_DATE)) END
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
    undone bigint := (SELECT undoes FROM load_runs WHERE id = run.id AND run.kind = 'undo');
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
           valid_to = CASE WHEN never_held(v.opened_by, undone) THEN v.valid_from
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

REVOKE EXECUTE ON FUNCTION record_older_groups(integer[], date[]) FROM PUBLIC;

-- Groups that a hand made, or that were adopted, and that an older file has told of since.
INSERT INTO membership_versions (group_id, symbol, metadata, valid_from, valid_to, opened_by, closed_by)
SELECT f.group_id, NULL, g.metadata, f.as_of, g.valid_from, f.load_id, f.load_id
  FROM (SELECT DISTINCT ON (group_id) group_id, as_of, load_id
          FROM load_files
         WHERE as_of IS NOT NULL AND undone_by IS NULL AND scope <> 'undo'
         ORDER BY group_id, as_of, id) f
 CROSS JOIN LATERAL (
    SELECT metadata, valid_from
      FROM group_versions
     WHERE group_id = f.group_id AND valid_to IS DISTINCT FROM valid_from
     ORDER BY valid_from
     LIMIT 1
 ) g
 WHERE f.as_of < g.valid_from;

-- A change by hand is of the day that it is in UTC, as that of a load, whatever the time zone of its session.
ALTER FUNCTION record_membership_insert() SET timezone TO 'UTC';
ALTER FUNCTION record_membership_update() SET timezone TO 'UTC';
ALTER FUNCTION record_membership_delete() SET timezone TO 'UTC';
ALTER FUNCTION record_membership_truncate() SET timezone TO 'UTC';
ALTER FUNCTION record_group_change() SET timezone TO 'UTC';
ALTER FUNCTION record_group_truncate() SET timezone TO 'UTC';

CREATE OR REPLACE FUNCTION as_of.day() RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(NULLIF(current_setting('tickstock.as_of', true), '')::date, (now() AT TIME ZONE 'UTC')::date)
$$;
