-- Each run is told on the channels of the application too, with its commit, whether or not there is a Redis.
DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
END
$$;

-- The first groups of a run that changed, by name: as many as a payload of less than 8,000 bytes has room for.
CREATE FUNCTION told_groups(run bigint) RETURNS jsonb
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    WITH changed AS (
        SELECT group_name, added, changed, removed FROM load_files
         WHERE load_id = run AND added + changed + removed > 0
    ), first AS (
        SELECT jsonb_build_object('name', left(group_name, 60), 'added', added, 'changed', changed, 'removed', removed) AS one,
               group_name
          FROM changed ORDER BY group_name LIMIT 40
    )
    SELECT jsonb_build_object('group_count', (SELECT count(*) FROM changed),
                              'groups', COALESCE((SELECT jsonb_agg(one ORDER BY group_name) FROM first), '[]'))
$$;

CREATE FUNCTION tell_run(run load_runs, version bigint) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    forced integer := jsonb_array_length(run.overridden);
    told jsonb := jsonb_build_object(
        'event', run.kind, 'load_id', run.id, 'type', run.type, 'environment', run.environment,
        'data_version', version, 'committed_at', run.committed_at, 'added', run.added, 'changed', run.changed,
        'removed', run.removed, 'who', run.database_user, 'program', run.program);
    listed jsonb := told || told_groups(run.id);
BEGIN
    -- Names of many bytes: a payload that is too long would keep the run from being committed.
    IF octet_length(listed::text) > 7900 THEN
        listed := listed || '{"groups": []}';
    END IF;
    PERFORM pg_notify('cache_updates', listed::text);
    IF run.type = 'UNIVERSE' THEN
        PERFORM pg_notify('universe_updates', listed::text);
    END IF;
    IF run.kind IN ('undo', 'restore') OR forced > 0 THEN
        PERFORM pg_notify('admin_notifications', (told || jsonb_build_object(
            'event', CASE run.kind WHEN 'load' THEN 'forced' ELSE run.kind END, 'overridden_count', forced))::text);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION publish_data_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    number bigint;
    run load_runs;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tickstock data_version', 0));
    INSERT INTO data_version (load_id) VALUES (NEW.id) RETURNING version INTO number;
    UPDATE load_runs SET committed_at = clock_timestamp() WHERE id = NEW.id RETURNING * INTO run;
    PERFORM pg_notify('tickstock_data_version', json_build_object('version', number, 'load_id', NEW.id)::text);
    PERFORM tell_run(run, number);
    RETURN NULL;
END
$$;

-- Nobody calls these but the trigger.
REVOKE EXECUTE ON FUNCTION told_groups(bigint), tell_run(load_runs, bigint) FROM PUBLIC;
