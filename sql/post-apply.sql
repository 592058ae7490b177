-- Run after every migration run, so that roles created later get their rights too.
-- app_readwrite: the daily work. app_readonly: reports, queries and checks.

DO $$
DECLARE
    may_create boolean := (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user);
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['app_readwrite', 'app_readonly'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) AND may_create THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this server was made meanwhile
            END;
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_readwrite') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON definition_groups, group_memberships TO app_readwrite;
        GRANT USAGE ON SEQUENCE definition_groups_id_seq, group_memberships_id_seq TO app_readwrite;
        GRANT SELECT, INSERT, UPDATE ON load_runs, load_files TO app_readwrite;
        GRANT SELECT, INSERT, UPDATE, DELETE ON symbol_renames TO app_readwrite;
        GRANT SELECT ON data_version, membership_versions, removed_memberships, migration_checksums,
            tickstock_migrations TO app_readwrite;
        GRANT SELECT ON SEQUENCE data_version_version_seq TO app_readwrite;
        GRANT SELECT ON environment_groups, environment_memberships, environment_stocks, stock_sectors, last_files,
            snapshots, group_versions, undo_chains, environment_symbols, entry_symbols TO app_readwrite;
        GRANT EXECUTE ON FUNCTION record_past(integer, date, text[], numeric[], jsonb[], date[]),
            record_older_groups(integer[], date[]), date_undone(bigint) TO app_readwrite;
        GRANT SELECT, INSERT, UPDATE, DELETE ON symbols, ohlcv_daily, ohlcv_minute, load_jobs, load_job_symbols,
            load_job_log, api_calls, cache_entries TO app_readwrite;
        GRANT EXECUTE ON FUNCTION ensure_bar_partitions(text, date, date) TO app_readwrite;
        GRANT USAGE ON SCHEMA as_of TO app_readwrite;
        GRANT SELECT ON ALL TABLES IN SCHEMA as_of TO app_readwrite;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_readonly') THEN
        GRANT SELECT ON definition_groups, group_memberships, load_runs, load_files, data_version,
            membership_versions, removed_memberships, symbol_renames, migration_checksums, tickstock_migrations,
            environment_groups, environment_memberships, environment_stocks, stock_sectors, last_files,
            snapshots, group_versions, undo_chains, symbols, ohlcv_daily, ohlcv_minute, load_jobs,
            load_job_symbols, load_job_log, api_calls, cache_entries, environment_symbols, entry_symbols
            TO app_readonly;
        GRANT USAGE ON SCHEMA as_of TO app_readonly;
        GRANT SELECT ON ALL TABLES IN SCHEMA as_of TO app_readonly;
    END IF;
END
$$;
