-- Jobs that load bars. The queue itself (which worker takes what, and when) is procrastinate's, in a schema of its own.

CREATE TABLE load_jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment text NOT NULL,
    universe text,
    symbols text[] NOT NULL,
    timeframe text NOT NULL CHECK (timeframe IN ('day', 'minute')),
    first_day date NOT NULL,
    last_day date NOT NULL,
    priority text NOT NULL CHECK (priority IN ('high', 'normal', 'low')),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    cancel_asked boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    step text,
    steps_done integer NOT NULL DEFAULT 0,
    steps integer NOT NULL DEFAULT 0,
    done_through date,
    missing_days date[] NOT NULL DEFAULT '{}',
    asked_days date[] NOT NULL DEFAULT '{}',
    bars bigint NOT NULL DEFAULT 0,
    reason text,
    asked_by text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
);
COMMENT ON TABLE load_jobs IS 'One row a job that loads bars: what was asked for, how far it is, what came of it.';
COMMENT ON COLUMN load_jobs.universe IS 'What was chosen, as UNIVERSE sp500 or market_leaders top_50; NULL where symbols were typed.';
COMMENT ON COLUMN load_jobs.done_through IS 'The last day that the archive was asked for: a job that goes on begins after it.';
COMMENT ON COLUMN load_jobs.missing_days IS 'The sessions up to then that the archive does not have; a job that goes on looks for them again.';
COMMENT ON COLUMN load_jobs.asked_days IS 'Those of them whose bars of all symbols Massive''s REST API was asked for.';
COMMENT ON COLUMN load_jobs.attempts IS 'How often a worker took it; more than once where one was killed, or somebody tried again.';
CREATE INDEX load_jobs_active ON load_jobs (created_at) WHERE state IN ('waiting', 'running');

CREATE TABLE load_job_symbols (
    job_id bigint NOT NULL REFERENCES load_jobs (id) ON DELETE CASCADE,
    symbol varchar(50) COLLATE "C" NOT NULL,
    bars integer NOT NULL DEFAULT 0,
    first_bar timestamptz,
    last_bar timestamptz,
    asked boolean NOT NULL DEFAULT false,
    reason text,
    PRIMARY KEY (job_id, symbol)
);
COMMENT ON TABLE load_job_symbols IS 'What a job brought for each symbol, and why there is nothing where there is nothing.';
COMMENT ON COLUMN load_job_symbols.asked IS 'Whether Massive''s REST API was asked for the days that the archive lacks.';

CREATE TABLE load_job_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES load_jobs (id) ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    level text NOT NULL DEFAULT 'info' CHECK (level IN ('info', 'warning', 'error')),
    line text NOT NULL
);
CREATE INDEX load_job_log_job ON load_job_log (job_id, id);

-- When each of the last calls of an API was allowed: what all workers keep to together.
CREATE TABLE api_calls (
    name text PRIMARY KEY,
    calls timestamptz[] NOT NULL DEFAULT '{}'
);

-- Whoever watches a job hears of each change of it.
CREATE FUNCTION tell_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('load_jobs', CASE TG_TABLE_NAME WHEN 'load_jobs' THEN to_jsonb(NEW) ->> 'id'
                                                      ELSE to_jsonb(NEW) ->> 'job_id' END);
    RETURN NULL;
END
$$;
CREATE TRIGGER load_jobs_tell AFTER INSERT OR UPDATE ON load_jobs
    FOR EACH ROW EXECUTE FUNCTION tell_of_job();
CREATE TRIGGER load_job_log_tell AFTER INSERT ON load_job_log
    FOR EACH ROW EXECUTE FUNCTION tell_of_job();
