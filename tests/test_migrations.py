"""Migrations: each once, in order, under a lock; an older database is adopted with nothing lost."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.conftest import open_folder
from tests.stored import query
from tickstock.db import SQL, Database, closing
from tickstock.embedded import running_server
from tickstock.errors import TickstockError, UnavailableError
from tickstock.migrations import available, migrate, missing, require

NewDatabase = Callable[..., Database]

# The tables as the older document prints them, and what an application had put into them.
SEED = """
CREATE TABLE definition_groups (
    id SERIAL PRIMARY KEY, name VARCHAR(100) NOT NULL, type VARCHAR(50) NOT NULL, description TEXT, metadata JSONB,
    environment VARCHAR(10) DEFAULT 'DEFAULT', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, UNIQUE(name, type, environment));
CREATE TABLE group_memberships (
    id SERIAL PRIMARY KEY, group_id INTEGER REFERENCES definition_groups(id) ON DELETE CASCADE,
    symbol VARCHAR(50) NOT NULL, weight NUMERIC(5,4), metadata JSONB, added_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(group_id, symbol));
INSERT INTO definition_groups (name, type, description, metadata, environment, created_at) VALUES
    ('SPY', 'ETF', 'SPDR S&P 500 ETF Trust', NULL, 'DEFAULT', '2025-12-01'),
    ('financials', 'SECTOR', 'Financials', '{"industries": ["Banking"]}', 'DEFAULT', '2025-12-01'),
    ('SPY', 'ETF', 'the other', '{"mine": true}', 'TEST', '2025-12-02');
INSERT INTO group_memberships (group_id, symbol, weight, metadata, added_at) VALUES
    (1, 'AAPL', 6.5, NULL, '2025-12-01'), (1, 'MSFT', 0.0580, '{"note": "x"}', '2025-12-01'),
    (1, 'odd symbol', NULL, NULL, NULL), (2, 'JPM', NULL, '{"industry": "Banking"}', '2025-12-01'),
    (3, 'AAPL', 1, NULL, '2025-12-02');
"""


@pytest.fixture
def seed(new_database: NewDatabase) -> Database:
    database = new_database()
    with closing(database.connect()) as connection:
        query(connection, SEED)
    return database


def test_a_fresh_database_gets_every_migration_once(new_database: NewDatabase) -> None:
    database = new_database()
    assert migrate(database) == list(available())
    assert migrate(database) == []


def test_eight_at_once_are_as_good_as_one(new_database: NewDatabase) -> None:
    database = new_database()
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: migrate(database), range(8)))
    assert sorted(done) == [[]] * 7 + [list(available())]


def test_the_twelve_sectors_are_there_from_the_migration_on(database: Database) -> None:
    with closing(database.connect()) as connection:
        rows = query(connection, "SELECT name, description, metadata -> 'industries' FROM definition_groups")
    sectors = {name: (description, industries) for name, description, industries in rows}
    assert set(sectors) == {
        "communication_services", "consumer_discretionary", "consumer_staples", "energy", "financials", "health_care",
        "industrials", "information_technology", "materials", "real_estate", "utilities", "unknown",
    }  # fmt: skip
    assert sectors["unknown"] == ("Unclassified Stocks", ["Unknown"])
    # MSCI and S&P: 74 industries in the structure in force since March 2023
    assert sum(len(industries) for name, (_, industries) in sectors.items() if name != "unknown") == 74


def test_an_older_database_is_adopted_with_nothing_lost(seed: Database) -> None:
    def content() -> tuple[object, object]:
        with closing(seed.connect()) as connection:
            return (
                query(connection, "SELECT id, name, type, description, COALESCE(metadata, '{}'), environment"
                                  " FROM definition_groups WHERE id <= 3 ORDER BY 1"),
                query(connection, "SELECT id, group_id, symbol, weight::float, COALESCE(metadata, '{}'), added_at"
                                  " FROM group_memberships ORDER BY 1"),
            )  # fmt: skip

    before = content()
    migrate(seed)
    assert content() == before
    with closing(seed.connect()) as connection:
        assert query(connection, "SELECT kind, added FROM load_runs ORDER BY id LIMIT 1") == [("adopted", 5)]
        assert query(
            connection,
            "SELECT symbol, weight::float FROM membership_versions"
            " WHERE group_id = 1 AND closed_by IS NULL ORDER BY 1",
        ) == [("AAPL", 6.5), ("MSFT", 0.058), ("odd symbol", None), (None, None)]
        query(connection, "UPDATE group_memberships SET weight = 11.821234 WHERE id = 1")
        sectors = "SELECT count(*) FROM definition_groups WHERE type = 'SECTOR' AND environment = 'DEFAULT'"
        assert query(connection, sectors) == [(12,)]


def test_an_application_with_other_types_of_groups_goes_on_using_them(seed: Database) -> None:
    with closing(seed.connect()) as connection:
        query(connection, "INSERT INTO definition_groups (name, type) VALUES ('mine', 'WATCHLIST')")
    migrate(seed)
    with closing(seed.connect()) as connection:
        query(connection, "UPDATE definition_groups SET description = 'x' WHERE type = 'WATCHLIST'")
        assert query(connection, "SELECT name FROM definition_groups WHERE type = 'WATCHLIST'") == [("mine",)]


def test_rows_without_a_group_stop_the_adoption_and_are_named(seed: Database) -> None:
    with closing(seed.connect()) as connection:
        query(connection, "INSERT INTO group_memberships (symbol) VALUES ('LOST')")
    with pytest.raises(TickstockError, match="group_memberships has 1 rows without a group_id"):
        migrate(seed)
    with closing(seed.connect()) as connection:
        assert query(connection, "SELECT count(*) FROM group_memberships") == [(6,)]
        assert missing(connection) == list(available())[1:]


def test_an_edited_migration_is_refused(new_database: NewDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    shutil.copytree(SQL, folder)
    database = new_database()
    migrate(database, folder)
    file = folder / "0003_ledger.sql"
    file.write_text(file.read_text().replace("data_version_load", "data_version_loads"))
    with pytest.raises(TickstockError, match=r"0003_ledger.sql was edited after the database had applied it"):
        migrate(database, folder)


def test_a_failing_migration_is_rolled_back_whole(new_database: NewDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    shutil.copytree(SQL, folder)
    (folder / "0098_half.sql").write_text("CREATE TABLE half (x int);\nSELECT nonsense;\n")
    database = new_database()
    with pytest.raises(TickstockError, match="migration 0098_half failed and was rolled back"):
        migrate(database, folder)
    with closing(database.connect()) as connection:
        assert query(connection, "SELECT to_regclass('half')") == [(None,)]
        assert missing(connection) == []


def test_a_database_without_the_tables_is_refused_with_the_command(new_database: NewDatabase, seed: Database) -> None:
    for database in (new_database(), seed):
        with closing(database.connect()) as connection, pytest.raises(UnavailableError, match="run: make migrate"):
            require(connection)


def test_a_newer_database_is_refused(database: Database) -> None:
    with closing(database.connect()) as connection:
        query(connection, "INSERT INTO tickstock_migrations (migration_hash, migration_id) VALUES ('x', '9999_future')")
        with pytest.raises(UnavailableError, match=r"9999_future.*update the suite"):
            require(connection)


def test_switched_off_triggers_are_noticed(database: Database) -> None:
    with closing(database.connect()) as connection:
        require(connection)
        query(connection, "ALTER TABLE group_memberships DISABLE TRIGGER group_memberships_update")
        with pytest.raises(UnavailableError, match="ALTER TABLE group_memberships ENABLE TRIGGER USER"):
            require(connection)


def test_the_daily_work_needs_no_more_than_its_role(database: Database, tmp_path: Path) -> None:
    from tests.files import write_fund
    from tickstock.relationships.inputs import etf_inputs
    from tickstock.relationships.load import load
    from tickstock.relationships.plan import Options

    write_fund(tmp_path, "SPY", {"AAPL": "60", "MSFT": "40"})
    with closing(database.connect()) as connection:
        query(connection, "SET ROLE app_readwrite")
        for number, mode in enumerate(("full", "incremental")):
            write_fund(tmp_path, "SPY", {"AAPL": "60", "MSFT": "40", f"X{'AB'[number]}": "1"})
            query(connection, "DISCARD TEMP")
            assert load(database, connection, etf_inputs(tmp_path), Options("ETF", mode=mode)).load_id
        for statement in ("TRUNCATE group_memberships", "DROP TABLE load_files", "DELETE FROM membership_versions"):
            with pytest.raises(Exception, match=r"permission denied|must be owner"):
                query(connection, statement)
        query(connection, "SET ROLE app_readonly")
        assert query(connection, "SELECT count(*) > 2 FROM membership_versions WHERE symbol IS NOT NULL") == [(True,)]
        with pytest.raises(Exception, match="permission denied"):
            query(connection, "DELETE FROM group_memberships")


def test_after_an_adoption_the_files_take_over_the_rows_they_have(seed: Database, tmp_path: Path) -> None:
    from tests.files import write_fund
    from tickstock.relationships.inputs import etf_inputs
    from tickstock.relationships.load import load
    from tickstock.relationships.plan import Options

    migrate(seed)
    write_fund(tmp_path, "SPY", {"AAPL": "70", "MSFT": "0.058", "NVDA": "29"})
    with closing(seed.connect()) as connection:
        (group,) = load(seed, connection, etf_inputs(tmp_path), Options("ETF", mode="incremental")).plan.groups
        assert (group.added, group.changed, group.removed, group.kept, group.put_back) == (1, 2, 0, 1, 0)
        stored = dict(query(connection, "SELECT symbol, weight::text FROM group_memberships WHERE group_id = 1"))
        assert stored == {
            "AAPL": "70.000000", "MSFT": "0.058000", "NVDA": "29.000000", "odd symbol": None,
        }  # fmt: skip
        assert query(connection, "SELECT metadata FROM group_memberships WHERE symbol = 'MSFT'") == [
            ({"note": "x", "source": "file"},)
        ]
        query(connection, "DISCARD TEMP")
        (group,) = load(seed, connection, etf_inputs(tmp_path), Options("ETF")).plan.groups
        assert (group.removed, group.unchanged) == (1, 3)


def test_two_databases_of_a_new_server_may_be_made_at_once() -> None:
    """The roles are the server's: who comes second finds them made meanwhile, and goes on."""
    with open_folder() as folder, running_server(folder) as embedded:
        first = psycopg2.connect(**embedded.parameters())
        with first.cursor() as cursor, ThreadPoolExecutor(1) as pool:
            cursor.execute("CREATE ROLE app_readwrite NOLOGIN")
            second = pool.submit(migrate, Database(embedded.parameters(), "test"))
            wait_for_lock(embedded.parameters())
            first.commit()
            assert second.result()
        first.close()


def wait_for_lock(parameters: Mapping[str, Any]) -> None:
    """Until somebody waits for somebody."""
    with closing(psycopg2.connect(**parameters)) as watcher, watcher.cursor() as cursor:
        watcher.autocommit = True
        for _ in range(600):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchall() != [(0,)]:
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits")
