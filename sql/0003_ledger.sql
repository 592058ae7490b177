-- What was loaded, from which file, and what every load or hand changed.

CREATE TABLE load_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_key uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    kind text NOT NULL CHECK (kind IN ('load', 'manual', 'adopted')),
    type text,
    environment text,
    mode text,
    program text NOT NULL DEFAULT current_setting('application_name'),
    database_user text NOT NULL DEFAULT session_user,
    tool_version text,
    started_at timestamptz NOT NULL DEFAULT now(),
    committed_at timestamptz,
    groups_added integer,
    groups_changed integer,
    groups_removed integer,
    added integer,
    changed integer,
    removed integer,
    unchanged integer,
    kept integer,
    put_back integer,
    overridden jsonb NOT NULL DEFAULT '[]'
);
COMMENT ON TABLE load_runs IS 'One row a transaction that changed groups or memberships: a load, a hand (manual), or the adoption of an older database.';
COMMENT ON COLUMN load_runs.run_key IS 'Chosen by the client before it commits, so that the outcome of a commit whose answer was lost can be looked up.';
COMMENT ON COLUMN load_runs.added IS 'The counts are a load''s; NULL for a hand, whose changes are in membership_versions.';
COMMENT ON COLUMN load_runs.overridden IS 'The guards that --force went past, as the messages that they gave.';

CREATE TABLE load_files (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    load_id bigint NOT NULL REFERENCES load_runs (id) ON DELETE CASCADE,
    group_id integer NOT NULL,
    group_name text NOT NULL,
    path text NOT NULL,
    format text NOT NULL,
    checksum text NOT NULL,
    fingerprint text NOT NULL,
    stored_fingerprint text NOT NULL,
    as_of date,
    rows integer NOT NULL,
    members integer NOT NULL,
    split_off jsonb NOT NULL DEFAULT '{}',
    added integer NOT NULL DEFAULT 0,
    changed integer NOT NULL DEFAULT 0,
    removed integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    kept integer NOT NULL DEFAULT 0,
    missing integer NOT NULL DEFAULT 0,
    kept_symbols text[] NOT NULL DEFAULT '{}',
    warnings jsonb NOT NULL DEFAULT '[]',
    UNIQUE (load_id, group_id)
);
COMMENT ON TABLE load_files IS 'The files that a load read, a row a group. group_id has no foreign key: the record outlives the group.';
COMMENT ON COLUMN load_files.checksum IS 'MD5 of the bytes of the file.';
COMMENT ON COLUMN load_files.fingerprint IS 'MD5 of the canonical rows of the file: symbol|weight, sorted, joined by line feeds.';
COMMENT ON COLUMN load_files.stored_fingerprint IS 'The same of the rows that the load left in the group. What is stored differs from it: drift.';
COMMENT ON COLUMN load_files.as_of IS 'The date that the file says its data describes; NULL where it says none.';
COMMENT ON COLUMN load_files.split_off IS 'Lines that are no stock, counted by reason: {"cash": 2, "future": 1}.';
COMMENT ON COLUMN load_files.missing IS 'Rows gone from the file that --keep-missing left in the group.';
CREATE INDEX load_files_group ON load_files (group_id, id DESC);

CREATE TABLE data_version (
    version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    load_id bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX data_version_load ON data_version (load_id);
COMMENT ON TABLE data_version IS 'One row a committed change, numbered in commit order: max(version) is the version of the data.';

CREATE TABLE membership_versions (
    group_id integer NOT NULL,
    symbol varchar(50) COLLATE "C",
    weight numeric(9, 6),
    metadata jsonb NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    opened_by bigint NOT NULL,
    closed_by bigint
);
COMMENT ON TABLE membership_versions IS 'Every state that a membership had. Open versions (closed_by IS NULL) are the current state. A row without a symbol is the group itself; its metadata then holds type, name, environment, description and metadata.';
COMMENT ON COLUMN membership_versions.valid_from IS 'First date that the data describes it for: the as-of date of the file, else the date of the load.';
COMMENT ON COLUMN membership_versions.valid_to IS 'First date for which it no longer holds. Where two versions of a membership overlap, the one opened later holds.';
COMMENT ON COLUMN membership_versions.opened_by IS 'The run (load_runs.id) that opened it. Runs are numbered as they begin; data_version has them in commit order.';

-- Two partial keys instead of one whole: an open version is in the one, a closed version in the other, so every
-- change writes each just once.
CREATE UNIQUE INDEX membership_versions_open ON membership_versions (group_id, symbol) NULLS NOT DISTINCT
    WHERE closed_by IS NULL;
CREATE UNIQUE INDEX membership_versions_closed ON membership_versions (group_id, symbol, opened_by) NULLS NOT DISTINCT
    WHERE closed_by IS NOT NULL;
