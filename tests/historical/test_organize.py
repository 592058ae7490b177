"""Replace and append, the plan and what becomes of it, and who else is at work in the table meanwhile."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.historical.entries import entries, put_entry, put_stock, rows
from tests.put import put_group
from tests.stored import WAITING, query
from tickstock.db import Connection, Database, closing
from tickstock.errors import BusyError
from tickstock.historical.organize import APPEND, Options, Organized, organize

OURS = "type IN ('stock_universe', 'etf_universe', 'themes', 'stock_stats')"
FOREIGN = f"NOT {OURS}"


@pytest.fixture
def filled(connection: Connection) -> Connection:
    """Two stocks and a theme."""
    put_stock(connection, "AAPL", 3_000_000_000_000, sector="information_technology")
    put_stock(connection, "XOM", 400_000_000_000, sector="energy")
    put_group(connection, "THEME", "ai", ["AAPL"])
    return connection


def actions(organized: Organized) -> dict[str, str]:
    """What happens to each entry that does not stay as it is."""
    return {entry.place: entry.action for entry in organized.entries if entry.action != "unchanged"}


def test_the_first_run_adds_all_and_the_second_plans_nothing(filled: Connection) -> None:
    first = organize(filled, Options())
    assert first.totals == {"added": 39, "changed": 0, "removed": 0, "unchanged": 0, "kept": 0}
    assert (first.stocks, first.etfs) == (2, 0)
    second = organize(filled, Options())
    assert second.totals == {"added": 0, "changed": 0, "removed": 0, "unchanged": 39, "kept": 0}
    assert second.changes == ()


def test_replace_puts_back_what_differs_and_removes_what_no_rule_asks_for(filled: Connection) -> None:
    put_entry(filled, "stock_universe", "custom", "mine", ["TSLA"])
    put_entry(filled, "themes", "AI", "list", ["OLD", "OLDER"])
    organized = organize(filled, Options())
    assert actions(organized)["stock_universe | custom | mine"] == "removed"
    (theme,) = [entry for entry in organized.entries if entry.place == "themes | AI | list"]
    assert (theme.action, theme.before, theme.count) == ("changed", 2, 1)
    stored = entries(filled)
    assert stored["themes", "AI", "list"] == ["AAPL"]
    assert ("stock_universe", "custom", "mine") not in stored


def test_append_adds_and_leaves_all_that_is_there(filled: Connection) -> None:
    put_entry(filled, "stock_universe", "custom", "mine", ["TSLA"])
    put_entry(filled, "themes", "AI", "list", ["OLD", "OLDER"])
    before = rows(filled)
    organized = organize(filled, Options(mode=APPEND))
    assert organized.totals == {"added": 38, "changed": 0, "removed": 0, "unchanged": 0, "kept": 2}
    kept = {entry.place: (entry.before, entry.count, entry.is_wanted)
            for entry in organized.entries if entry.action == "kept"}  # fmt: skip
    assert kept == {"stock_universe | custom | mine": (1, 1, False), "themes | AI | list": (2, 2, True)}
    assert organized.outdated == 1
    assert rows(filled)[:2] == before
    again = organize(filled, Options(mode=APPEND))
    assert (again.changes, again.totals["unchanged"]) == ((), 38)


@pytest.mark.parametrize("mode", ["replace", "append"])
def test_foreign_entries_are_untouched_byte_by_byte(filled: Connection, mode: str) -> None:
    put_entry(filled, "app_settings", "display", "theme", {"dark": True})
    put_entry(filled, "app_settings", "market_cap", "mega_cap", {"count": 1})
    put_entry(filled, "stock_universe_old", "complete", "all_stocks", [])
    put_entry(filled, "Themes", "AI", "list", None)
    before = rows(filled, FOREIGN)
    assert len(before) == 4
    organized = organize(filled, Options(mode=mode))
    assert rows(filled, FOREIGN) == before
    assert organized.totals["added"] == len(organized.entries) == 39


def test_a_dry_run_is_the_plan_and_writes_nothing(filled: Connection) -> None:
    put_entry(filled, "themes", "AI", "list", ["OLD"])
    before = rows(filled)
    dry = organize(filled, Options(dry_run=True))
    assert rows(filled) == before
    wet = organize(filled, Options())
    assert wet.entries == dry.entries


def test_times_tell_since_when_an_entry_is_so_and_the_summarys_when_all_was_organised(filled: Connection) -> None:
    put_entry(filled, "stock_universe", "themes", "ai", ["AAPL"])
    organize(filled, Options())
    first = times(filled)
    assert first["themes", "ai"] == datetime(2024, 6, 1, tzinfo=UTC)
    query(filled, "UPDATE symbols SET market_cap = 100000000000 WHERE symbol = 'XOM'")
    second = organize(filled, Options())
    later = times(filled)
    moved = {"mega_cap", "large_cap", "top_1000", "summary"}
    assert {key for (name, key), at in later.items() if at != first[name, key]} == moved
    assert {later[place] for place in later if place[1] in moved} == {second.at}
    third = organize(filled, Options())
    assert {**later, ("universe", "summary"): third.at} == times(filled)


def test_the_time_of_the_summary_does_not_tell_of_entries_that_were_kept_out_of_date(filled: Connection) -> None:
    first = organize(filled, Options())
    query(filled, "UPDATE symbols SET market_cap = 100000000000 WHERE symbol = 'XOM'")
    assert organize(filled, Options(mode=APPEND)).outdated == 4
    assert times(filled)["universe", "summary"] == first.at


def times(connection: Connection) -> dict[tuple[str, str], datetime]:
    found = query(connection, f"SELECT name, key, updated_at FROM cache_entries WHERE {OURS}")
    return {(name, key): at for name, key, at in found}


@pytest.fixture
def failing(filled: Connection) -> Connection:
    """A table that takes no new entry of ETFs: the last statement of many fails."""
    organize(filled, Options())
    query(
        filled,
        "ALTER TABLE cache_entries ADD CONSTRAINT no_spy CHECK (value::text NOT LIKE '%SPY%') NOT VALID",
    )
    put_group(filled, "ETF", "SPY", ["AAPL"])
    return filled


def test_a_failing_statement_rolls_all_back(failing: Connection) -> None:
    query(failing, "DELETE FROM symbols WHERE symbol = 'XOM'")
    before = rows(failing)
    with pytest.raises(psycopg2.errors.CheckViolation):
        organize(failing, Options())
    assert rows(failing) == before
    query(failing, "ALTER TABLE cache_entries DROP CONSTRAINT no_spy")
    assert organize(failing, Options()).totals["changed"] > 0  # the lock is free again


def test_a_reader_sees_the_old_entries_until_the_commit(filled: Connection, database: Database) -> None:
    organize(filled, Options())
    old = entries(filled)
    query(filled, "UPDATE symbols SET market_cap = 1 WHERE symbol = 'XOM'")
    with closing(database.connect()) as holder, closing(database.connect()) as reader:
        # The row that is changed first is held: the run waits in the middle of its writes.
        query(holder, "BEGIN")
        query(holder, "SELECT FROM cache_entries WHERE key = 'top_1000' FOR UPDATE")
        done: list[Organized] = []
        thread = threading.Thread(target=lambda: done.append(organize(filled, Options())))
        thread.start()
        wait_until_waiting(reader)
        assert entries(reader) == old
        query(holder, "ROLLBACK")
        thread.join()
        assert done[0].totals["changed"] == 4
        assert entries(reader) != old


def test_who_organises_at_the_same_time_waits(filled: Connection, database: Database) -> None:
    with closing(database.connect()) as holder, closing(database.connect()) as reader:
        query(holder, "SELECT pg_advisory_lock(hashtextextended('tickstock organize', 0))")
        done: list[Organized] = []
        thread = threading.Thread(target=lambda: done.append(organize(filled, Options())))
        thread.start()
        wait_until_waiting(reader)
        assert entries(reader) == {}
        put_stock(reader, "LATE", 1)  # what is committed while it waits counts
        query(holder, "SELECT pg_advisory_unlock(hashtextextended('tickstock organize', 0))")
        thread.join()
        assert done[0].stocks == 3


def test_who_waits_too_long_is_told_who_holds_the_lock(filled: Connection, database: Database) -> None:
    query(filled, "SET lock_timeout = '100ms'")
    with closing(database.connect()) as holder:
        query(holder, "SELECT pg_advisory_lock(hashtextextended('tickstock organize', 0))")
        with pytest.raises(BusyError, match=r"organised by another session \(pid \d+, tickstock test\)"):
            organize(filled, Options())
        assert organize(filled, Options(dry_run=True)).totals["added"] == 39  # it writes nothing, and waits for nobody
    assert entries(filled) == {}


def test_an_application_that_changes_an_entry_meanwhile_makes_it_busy(filled: Connection, database: Database) -> None:
    organize(filled, Options())
    query(filled, "UPDATE symbols SET market_cap = 1 WHERE symbol = 'XOM'")
    with closing(database.connect()) as other, closing(database.connect()) as reader:
        query(other, "BEGIN")
        query(other, "UPDATE cache_entries SET value = '[]' WHERE key = 'top_1000'")
        failed: list[BaseException] = []

        def run() -> None:
            try:
                organize(filled, Options())
            except BusyError as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wait_until_waiting(reader)
        query(other, "COMMIT")
        thread.join()
        assert "another session changes cache_entries" in str(failed[0])
        assert entries(reader)["stock_universe", "complete", "top_1000"] == []
    assert organize(filled, Options()).totals["changed"] == 4


def wait_until_waiting(connection: Connection) -> None:
    for _ in range(1000):
        if query(connection, WAITING) != [(0,)]:
            return
        query(connection, "SELECT pg_sleep(0.01)")
    raise TimeoutError("nobody waits for a lock")


SYMBOLS = st.sampled_from(["A", "B", "C", "D.E", "Ü", "'"])
CAPS = st.none() | st.integers(-1, 10**13) | st.sampled_from(["NaN", 2 * 10**9, 3 * 10**8, "10000000000.00"])
STOCKS = st.dictionaries(SYMBOLS, st.tuples(CAPS, st.sampled_from(["CS", "ETF", "PFD", None])), min_size=1)
GROUPS = st.dictionaries(
    st.tuples(st.sampled_from(["THEME", "ETF", "UNIVERSE"]), st.sampled_from(["a", "A", "ai", "x y", "%s"])),
    st.sets(SYMBOLS, min_size=1), max_size=4,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stocks=STOCKS, groups=GROUPS, mode=st.sampled_from(["replace", "append"]))
def test_organised_twice_is_organised_once(
    connection: Connection, stocks: dict[str, tuple[object, str | None]], groups: dict[tuple[str, str], set[str]],
    mode: str,
) -> None:  # fmt: skip
    query(connection, "DELETE FROM symbols; DELETE FROM cache_entries; DELETE FROM definition_groups")
    put_group(connection, "UNIVERSE", "one", ["Z"])  # never nothing at all
    for symbol, (cap, type_) in stocks.items():
        put_stock(connection, symbol, cap)
        query(connection, "UPDATE symbols SET type = %s WHERE symbol = %s", type_, symbol)
    for (group_type, name), members in groups.items():
        put_group(connection, group_type, name, members)
    first = organize(connection, Options(mode=mode))
    stored = entries(connection)
    second = organize(connection, Options(mode=mode))
    assert second.changes == ()
    assert len(second.entries) == len(first.entries) == len(stored)
    assert entries(connection) == stored
    # Each stock with a capitalisation above zero is in one band, and none is in two.
    banded = [symbol for (_, name, _), value in stored.items() if name == "market_cap" for symbol in value["stocks"]]
    capped = query(
        connection,
        "SELECT symbol FROM symbols WHERE market_cap > 0 AND market_cap <> 'NaN' AND (type = 'CS' OR type IS NULL"
        " AND symbol NOT IN (SELECT name FROM definition_groups WHERE type = 'ETF'))",
    )
    assert sorted(banded) == sorted(symbol for (symbol,) in capped)
    assert json.dumps(stored["stock_universe", "complete", "all_stocks"])
