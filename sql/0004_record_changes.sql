-- Whoever changes a row of the two tables (a loader, an application, a person in psql) leaves a record.
-- The functions run as their owner, so that an application needs no rights beyond its two tables. pg_temp comes
-- last in their search path: first, as it is by default, a caller could put tables of his own in place of ours.
DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
END
$$;

-- A run makes itself known to its transaction, and to no other: as 'id kind transaction'.
CREATE FUNCTION announce_load_run() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('tickstock.run', format('%s %s %s', NEW.id, NEW.kind, pg_current_xact_id()), true);
    RETURN NULL;
END
$$;

CREATE TRIGGER load_runs_announce AFTER INSERT ON load_runs
    FOR EACH ROW EXECUTE FUNCTION announce_load_run();

CREATE TYPE current_run AS (id bigint, kind text);

-- The run of this transaction; NULLs where it has none. It is a setting and no look-up, so that transactions of
-- an application at SERIALIZABLE do not meet each other in our tables.
CREATE FUNCTION this_run() RETURNS current_run
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    parts text[] := string_to_array(current_setting('tickstock.run', true), ' ');
    run current_run;
BEGIN
    IF parts[3] = pg_current_xact_id()::text THEN
        run := (parts[1]::bigint, parts[2])::current_run;
    END IF;
    RETURN run;
END
$$;

-- The same; a hand that has none yet gets one.
CREATE FUNCTION this_run_or_new() RETURNS current_run
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run := this_run();
BEGIN
    IF run.id IS NULL THEN
        INSERT INTO load_runs (kind) VALUES ('manual') RETURNING id, kind INTO run;
    END IF;
    RETURN run;
END
$$;

CREATE FUNCTION record_membership_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run;
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows) THEN
        RETURN NULL;
    END IF;
    run := this_run_or_new();
    BEGIN
        INSERT INTO membership_versions (group_id, symbol, weight, metadata, valid_from, opened_by)
        SELECT n.group_id, n.symbol, n.weight, n.metadata, COALESCE(f.as_of, CURRENT_DATE), run.id
          FROM new_rows n
          LEFT JOIN load_files f ON f.load_id = run.id AND f.group_id = n.group_id;
    EXCEPTION WHEN unique_violation THEN
        -- The record still has the row open: the statement deletes it too, or it was deleted unrecorded.
        UPDATE membership_versions v
           SET closed_by = run.id, valid_to = GREATEST(v.valid_from, CURRENT_DATE)
          FROM new_rows n
         WHERE v.group_id = n.group_id AND v.symbol = n.symbol AND v.closed_by IS NULL;
        INSERT INTO membership_versions (group_id, symbol, weight, metadata, valid_from, opened_by)
        SELECT n.group_id, n.symbol, n.weight, n.metadata, COALESCE(f.as_of, CURRENT_DATE), run.id
          FROM new_rows n
          LEFT JOIN load_files f ON f.load_id = run.id AND f.group_id = n.group_id;
    END;
    RETURN NULL;
END
$$;

CREATE FUNCTION record_membership_delete() RETURNS trigger
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
    IF run.kind <> 'load' THEN
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
    RETURN NULL;
END
$$;

CREATE FUNCTION record_membership_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run := this_run();
BEGIN
    -- A load touches each row once, and only rows that change; a hand may do as it likes.
    IF run.kind IS DISTINCT FROM 'load' THEN
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

CREATE FUNCTION record_membership_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run := this_run_or_new();
BEGIN
    DELETE FROM membership_versions
     WHERE opened_by = run.id AND closed_by IS NULL AND symbol IS NOT NULL;
    UPDATE membership_versions
       SET closed_by = run.id, valid_to = GREATEST(valid_from, CURRENT_DATE)
     WHERE closed_by IS NULL AND symbol IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE TRIGGER group_memberships_insert AFTER INSERT ON group_memberships
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_membership_insert();
CREATE TRIGGER group_memberships_update AFTER UPDATE ON group_memberships
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_membership_update();
CREATE TRIGGER group_memberships_delete AFTER DELETE ON group_memberships
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_membership_delete();
CREATE TRIGGER group_memberships_truncate AFTER TRUNCATE ON group_memberships
    FOR EACH STATEMENT EXECUTE FUNCTION record_membership_truncate();

-- Groups are few: a row at a time reads best here.
CREATE FUNCTION group_as_version(g definition_groups) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('type', g.type, 'name', g.name, 'environment', g.environment,
                              'description', g.description, 'metadata', g.metadata)
$$;

CREATE FUNCTION record_group_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.id = NEW.id AND group_as_version(OLD) = group_as_version(NEW) THEN
        RETURN NULL;
    END IF;
    run := this_run_or_new();
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM membership_versions
         WHERE group_id = OLD.id AND symbol IS NULL AND opened_by = run.id AND closed_by IS NULL;
        UPDATE membership_versions
           SET closed_by = run.id, valid_to = GREATEST(valid_from, CURRENT_DATE)
         WHERE group_id = OLD.id AND symbol IS NULL AND closed_by IS NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO membership_versions (group_id, symbol, metadata, valid_from, opened_by)
        VALUES (NEW.id, NULL, group_as_version(NEW), CURRENT_DATE, run.id);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION record_group_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    run current_run := this_run_or_new();
BEGIN
    DELETE FROM membership_versions
     WHERE opened_by = run.id AND closed_by IS NULL AND symbol IS NULL;
    UPDATE membership_versions
       SET closed_by = run.id, valid_to = GREATEST(valid_from, CURRENT_DATE)
     WHERE closed_by IS NULL AND symbol IS NULL;
    RETURN NULL;
END
$$;

CREATE TRIGGER definition_groups_record AFTER INSERT OR UPDATE OR DELETE ON definition_groups
    FOR EACH ROW EXECUTE FUNCTION record_group_change();
CREATE TRIGGER definition_groups_truncate AFTER TRUNCATE ON definition_groups
    FOR EACH STATEMENT EXECUTE FUNCTION record_group_truncate();

-- At COMMIT, last of all: number the change in commit order and tell who listens. The lock is held for
-- no longer than the commit itself, so a reader that saw version N never misses an earlier one.
CREATE FUNCTION publish_data_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    number bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tickstock data_version', 0));
    INSERT INTO data_version (load_id) VALUES (NEW.id) RETURNING version INTO number;
    UPDATE load_runs SET committed_at = clock_timestamp() WHERE id = NEW.id;
    PERFORM pg_notify('tickstock_data_version', json_build_object('version', number, 'load_id', NEW.id)::text);
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER load_runs_publish AFTER INSERT ON load_runs
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION publish_data_version();

-- Nobody calls these but the triggers.
REVOKE EXECUTE ON FUNCTION this_run_or_new() FROM PUBLIC;

-- What an older database already holds is where its history begins.
DO $$
DECLARE
    run bigint;
BEGIN
    IF EXISTS (SELECT FROM definition_groups) THEN
        INSERT INTO load_runs (kind, added) VALUES ('adopted', (SELECT count(*) FROM group_memberships))
        RETURNING id INTO run;
        INSERT INTO membership_versions (group_id, symbol, metadata, valid_from, opened_by)
        SELECT g.id, NULL, group_as_version(g), CURRENT_DATE, run FROM definition_groups g;
        INSERT INTO membership_versions (group_id, symbol, weight, metadata, valid_from, opened_by)
        SELECT group_id, symbol, weight, metadata, CURRENT_DATE, run
          FROM group_memberships ORDER BY group_id, symbol;
    END IF;
END
$$;
