"""A stock that enters by a load is in the sector unknown from the same commit on, once, whoever else loads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tests.files import write_fund, write_universe
from tests.relationships.conftest import Load
from tests.stored import members, query
from tickstock.db import Connection, Database, closing
from tickstock.errors import BusyError
from tickstock.relationships.evidence import EvidenceFiles, sector_method_inputs
from tickstock.relationships.inputs import etf_inputs, universe_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options, Outcome

SECTORS_OF = "SELECT sector, symbol FROM stock_sectors ORDER BY 2, 1"


def test_new_stocks_enter_unknown_and_a_dry_run_says_so(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    assert load_etfs(dry_run=True).entered == 2
    assert query(witness, SECTORS_OF) == []
    assert load_etfs().entered == 2
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "MSFT")]
    assert query(witness, "SELECT DISTINCT opened_by FROM membership_versions v JOIN load_runs r ON r.id = v.opened_by"
                          " WHERE symbol IS NOT NULL") == [(2,)]  # fmt: skip


def test_a_stock_that_has_a_sector_keeps_it(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    query(witness, "UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups WHERE name = 'energy')"
                   " WHERE symbol = 'AAPL' AND weight IS NULL")  # fmt: skip
    write_fund(folder, "VOO", {"AAPL": "60", "NVDA": "40"})
    assert load_etfs().entered == 1
    assert query(witness, SECTORS_OF) == [("energy", "AAPL"), ("unknown", "MSFT"), ("unknown", "NVDA")]


def test_a_fund_that_a_fund_holds_is_no_stock(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "VOO": "40"})
    write_fund(folder, "VOO", {"AAPL": "100"})
    assert load_etfs(dry_run=True).entered == 1
    assert load_etfs().entered == 1
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL")]


def test_a_dry_run_knows_that_a_fund_that_goes_is_a_stock_where_it_comes(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AAPL": "100"})
    write_fund(folder, "VOO", {"AAPL": "100"})
    load_etfs()
    (folder / "voo_holdings.csv").unlink()
    write_fund(folder, "SPY", {"AAPL": "60", "VOO": "40"})
    assert load_etfs(force=True, dry_run=True).entered == 1
    assert load_etfs(force=True).entered == 1
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "VOO")]


def test_another_environment_gets_its_own(load_etfs: Load, folder: Path, witness: Connection) -> None:
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    load_etfs(environment="TEST")
    assert query(witness, SECTORS_OF) == []
    query(witness, "SET tickstock.environment = 'TEST'")
    assert query(witness, SECTORS_OF) == [("unknown", "AAPL"), ("unknown", "MSFT")]


def test_a_sector_group_that_was_deleted_by_hand_is_there_again(
    load_etfs: Load, folder: Path, witness: Connection
) -> None:
    query(witness, "DELETE FROM definition_groups WHERE name = 'unknown'")
    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    load_etfs()
    assert list(members(witness, "unknown", "SECTOR")) == ["AAPL", "MSFT"]


def test_loads_of_all_types_at_once_leave_each_stock_in_one_sector(
    database: Database, folder: Path, witness: Connection
) -> None:
    """New stocks come by two loaders at the same time, while sectors are classified; ten rounds."""
    classification = ["symbol,sector,industry"]
    for turn in range(10):
        symbols = [f"{letter}{chr(65 + turn)}" for letter in "ABCDEFGH"]
        classification += [f"{symbol},Energy," for symbol in symbols]
        (folder / "stock_classification.csv").write_text("\n".join(classification) + "\n")
        write_fund(folder, "SPY", dict.fromkeys(symbols, "12.5"))
        write_universe(folder, "sp500", symbols)

        def sectors(connection: Connection) -> Outcome:
            inputs = sector_method_inputs(connection, EvidenceFiles(folder), False)
            return load(database, connection, inputs, Options("SECTOR", mode="incremental"))

        def funds(connection: Connection) -> Outcome:
            return load(database, connection, etf_inputs(folder), Options("ETF", force=True))

        def universes(connection: Connection) -> Outcome:
            return load(database, connection, universe_inputs(folder), Options("UNIVERSE", force=True))

        at_once(database, [sectors, funds, sectors, universes, sectors])
        assert query(witness, "SELECT symbol FROM stock_sectors GROUP BY symbol HAVING count(*) <> 1") == []
        assert query(
            witness, "SELECT symbol FROM environment_stocks EXCEPT SELECT symbol FROM stock_sectors"
        ) == []


def at_once(database: Database, works: list[Callable[[Connection], Outcome]]) -> None:
    errors: list[BaseException] = []

    def run(work: Callable[[Connection], Outcome]) -> None:
        try:
            with closing(database.connect()) as connection:
                work(connection)
        except BusyError:
            pass  # told to come again: nothing was written
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_stock_that_was_classified_since_the_snapshot_does_not_enter_again(
    database: Database, folder: Path, witness: Connection
) -> None:
    """Between the snapshot of a load and its end, another commits the sector of a stock that both bring."""
    from tickstock.relationships import store

    write_fund(folder, "SPY", {"AAPL": "60", "MSFT": "40"})
    applied = store.apply_plan
    others = iter([
        "INSERT INTO group_memberships (group_id, symbol, metadata) SELECT id, 'AAPL', '{\"source\": \"override\"}'"
        " FROM definition_groups WHERE name = 'energy'"
    ])  # fmt: skip

    def apply_while_another_commits(*values: object) -> int:
        for statement in others:
            query(witness, statement)
        return applied(*values)  # type: ignore[arg-type]

    store.apply_plan = apply_while_another_commits  # type: ignore[assignment]
    try:
        with closing(database.connect()) as connection:
            outcome = load(database, connection, etf_inputs(folder), Options("ETF"))
    finally:
        store.apply_plan = applied
    assert outcome.entered == 1
    assert query(witness, SECTORS_OF) == [("energy", "AAPL"), ("unknown", "MSFT")]
