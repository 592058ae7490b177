"""The queue's tables: made once, brought up to date from an older version, and open to the roles of the daily work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import pytest

from tests.bars.scene import DAYS
from tests.stored import query
from tickstock import migrations, queue_schema
from tickstock.db import Connection, Database, closing
from tickstock.errors import BusyError, TickstockError, UnavailableError
from tickstock.historical.job_orders import Ask, cancel_job, start_job
from tickstock.schema import require_whole

SPEC = find_spec("procrastinate")
assert SPEC is not None
assert SPEC.origin is not None
STEPS = sorted(Path(SPEC.origin).with_name("sql").joinpath("migrations").glob("*.sql"))

# As PostgreSQL has them, for comparing an updated queue with a new one.
CATALOG = """
    SELECT 'column', table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
      FROM information_schema.columns WHERE table_schema = 'procrastinate'
    UNION ALL
    SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'procrastinate'
    UNION ALL
    SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace
    UNION ALL
    SELECT 'trigger', tgname || ' on ' || tgrelid::regclass FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
     WHERE relnamespace = 'procrastinate'::regnamespace AND NOT tgisinternal
    UNION ALL
    SELECT 'label', t.oid::regtype || ' ' || enumlabel FROM pg_enum JOIN pg_type t ON t.oid = enumtypid
     WHERE typnamespace = 'procrastinate'::regnamespace
    ORDER BY 1, 2"""

DEFER = """
    SELECT procrastinate_defer_jobs_v1(
        ARRAY[ROW('q', 't', 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1])"""


@pytest.fixture
def older(new_database: Callable[..., Database], template: str) -> Database:
    """A database whose queue is that of the package before its last three steps, as its own steps made it."""
    database = new_database(template)
    with closing(database.connect()) as connection:
        query(connection, "DROP SCHEMA procrastinate CASCADE; CREATE SCHEMA procrastinate")
        query(connection, "SET search_path = procrastinate; CREATE TABLE applied (name text PRIMARY KEY)")
        for step in STEPS[:-3]:
            query(connection, step.read_text(encoding="utf-8"))
            query(connection, "INSERT INTO applied VALUES (%s)", step.stem)
    return database


@pytest.fixture
def ordinary(connection: Connection) -> Iterator[str]:
    """A user who may do the daily work and nothing else."""
    name = f"ordinary_{connection.info.dbname}"
    query(connection, f"CREATE ROLE {name} LOGIN; GRANT app_readwrite TO {name}")
    yield name
    query(connection, f"RESET SESSION AUTHORIZATION; DROP ROLE {name}")


def catalog(database: Database) -> list[tuple[str, str]]:
    with closing(database.connect()) as connection:
        return [(kind, text) for kind, text in query(connection, CATALOG)]


def test_a_fresh_queue_has_every_step(connection: Connection) -> None:
    applied = [name for (name,) in query(connection, "SELECT name FROM procrastinate.applied ORDER BY 1")]
    assert applied == [step.stem for step in STEPS]
    assert queue_schema.lacking(connection) == []
    queue_schema.require(connection)
    assert query(connection, "SELECT to_regclass('public.procrastinate_jobs')") == [(None,)]


def test_an_older_queue_is_refused_and_then_brought_up_to_date(older: Database, database: Database) -> None:
    last = [step.stem for step in STEPS[-3:]]
    with closing(older.connect()) as connection:
        query(connection, "SET search_path = procrastinate")
        query(connection, DEFER)
        assert queue_schema.lacking(connection) == last
        with pytest.raises(UnavailableError, match=rf"lack 3 step\(s\), from {last[0]} on; run: make migrate"):
            queue_schema.require(connection)
        assert catalog(older) != catalog(database)
        assert migrations.migrate(older) == []
        queue_schema.require(connection)
        assert query(connection, "SELECT queue_name, status::text FROM procrastinate_jobs") == [("q", "todo")]
    assert catalog(older) == catalog(database)


def test_an_older_queue_is_updated_once_by_many(older: Database, database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: migrations.migrate(older), range(4))) == [[]] * 4
    assert catalog(older) == catalog(database)


def test_a_newer_queue_is_refused(connection: Connection, database: Database) -> None:
    query(connection, "INSERT INTO procrastinate.applied VALUES ('99.00.00_01_future')")
    with pytest.raises(UnavailableError, match=r"99\.00\.00_01_future.*pip install -r requirements.txt"):
        queue_schema.require(connection)
    with pytest.raises(UnavailableError, match=r"99\.00\.00_01_future"):
        migrations.migrate(database)


def test_a_schema_that_is_somebody_elses_is_left_and_said(connection: Connection, database: Database) -> None:
    query(connection, "DROP TABLE procrastinate.applied")
    with pytest.raises(TickstockError, match=r"schema procrastinate, failed and was rolled back: .* already exists"):
        migrations.migrate(database)
    assert query(connection, "SELECT to_regclass('procrastinate.applied')") == [(None,)]
    assert query(connection, "SELECT count(*) FROM procrastinate.procrastinate_jobs") == [(0,)]


def test_the_roles_may_do_what_they_are_for(connection: Connection) -> None:
    query(connection, "SET ROLE app_readwrite; SET search_path = procrastinate")
    query(connection, DEFER)
    query(connection, "SELECT procrastinate_fetch_job_v2(NULL, procrastinate_register_worker_v1())")
    assert query(connection, "SELECT type::text FROM procrastinate_events ORDER BY id") == [("deferred",), ("started",)]
    for change in ("DELETE FROM applied", "CREATE TABLE mine (x int)", "TRUNCATE procrastinate_jobs CASCADE"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(connection, change)
    query(connection, "SET ROLE app_readonly")
    assert query(connection, "SELECT status::text FROM procrastinate_jobs") == [("doing",)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(connection, DEFER)


def test_an_ordinary_user_with_the_role_can_do_all_of_the_daily_work(connection: Connection, ordinary: str) -> None:
    query(connection, f"SET SESSION AUTHORIZATION {ordinary}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(connection, "CREATE TABLE mine (x int)")
    migrations.require(connection)
    require_whole(connection, migrations.available().values())
    queue_schema.require(connection)
    job = start_job(connection, Ask("DEFAULT", ("AAPL",), DAYS[0], DAYS[-1]))
    queued = "SELECT status::text FROM procrastinate.procrastinate_jobs"
    assert query(connection, queued) == [("todo",)]
    cancel_job(connection, job)
    assert query(connection, queued) == []


def test_an_ordinary_user_is_told_who_migrates(database: Database, ordinary: str) -> None:
    his = Database({**database.parameters, "options": f"-c role={ordinary}"}, "test")
    with pytest.raises(UnavailableError, match="may not make tables in this database; migrate it as its owner"):
        migrations.migrate(his)


def test_a_migration_that_takes_long_makes_others_wait_and_then_give_up(
    connection: Connection, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_WAIT", "50ms")
    query(connection, migrations._LOCK)
    with pytest.raises(BusyError, match="being migrated by somebody else, for longer than 50ms"):
        migrations.migrate(database)


def test_a_role_that_is_made_later_gets_its_rights_with_the_next_migration(
    connection: Connection, database: Database
) -> None:
    query(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA procrastinate FROM app_readwrite")
    query(connection, "REVOKE ALL ON SCHEMA procrastinate FROM app_readwrite")
    migrations.migrate(database)
    query(connection, "SET ROLE app_readwrite; SET search_path = procrastinate")
    query(connection, DEFER)
