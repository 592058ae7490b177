"""query_relationships.py --as-of and --known-on: what held on a day, what was known of it, and what was not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import past_loads
from tests.conftest import load_script, uri_with_password
from tests.stored import query
from tickstock.db import Connection, Database, closing
from tickstock.migrations import migrate

NewDatabase = Callable[..., Database]
Ask = Callable[..., list[str]]

TECH = {"name": "Apple Inc.", "industry": "Software", "source": "classification", "confidence": "medium"}
MEDIA = {"name": "Facebook, Inc.", "industry": "Media", "source": "classification", "confidence": "medium"}


class World:
    """The runs of the history that the tests ask about, by name; ``connection`` sees what is committed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        past_loads.install(connection, "2021-06-01")
        self.first = past_loads.load(
            connection, "2021-06-14", "2021-06-11",
            {"SPY": {"AAPL": "6", "FB": "2", "MSFT": "5"}, "DIA": {"AAPL": None, "DWDP": None}},
        )  # fmt: skip
        self.sectors = past_loads.load(
            connection, "2021-06-15", None,
            {"information_technology": {"AAPL": TECH}, "communication_services": {"FB": MEDIA}}, "SECTOR",
        )  # fmt: skip
        self.dow = past_loads.load(connection, "2021-06-16", "2021-06-11", {"dow30": {"AAPL": None}}, "UNIVERSE")
        self.social = past_loads.load(connection, "2021-06-16", None, {"social media": {"FB": None}}, "THEME")
        # A second file of the day corrects the first.
        self.corrected = past_loads.load(
            connection, "2021-06-28", "2021-06-11", {"SPY": {"AAPL": "6.25", "FB": "2", "MSFT": "5"}}
        )
        self.renamed = past_loads.load(
            connection, "2022-06-13", "2022-06-10", {"SPY": {"AAPL": "6.5", "META": "1.9", "MSFT": "5"}}
        )
        self.later = past_loads.load(connection, "2022-07-05", "2022-07-01", {"QQQ": {"AAPL": "12", "META": "3"}})
        self.gone = past_loads.remove(connection, "2023-01-09", "DIA")
        past_loads.rename(connection, "FB", "META", "2022-06-09")


@pytest.fixture(scope="module")
def prepared(server: Mapping[str, Any], template: str) -> Iterator[tuple[Database, World]]:
    """One database for all tests that only ask."""
    name = f"tickstock_test_as_of_{os.getpid()}"
    database = Database({**server, "dbname": name}, "test")
    with closing(Database(server, "test").connect()) as connection:
        query(connection, f"CREATE DATABASE {name} TEMPLATE {template}")
        with closing(database.connect()) as inside:
            world = World(inside)
        yield database, world
        query(connection, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def world(prepared: tuple[Database, World], monkeypatch: pytest.MonkeyPatch) -> World:
    """The history, to be asked about."""
    database, world = prepared
    monkeypatch.setenv("DATABASE_URI", uri_with_password(database))
    return world


@pytest.fixture
def changing(
    prepared: tuple[Database, World], new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A copy of it, to be changed."""
    database, world = prepared
    copy = new_database(database.parameters["dbname"])
    monkeypatch.setenv("DATABASE_URI", uri_with_password(copy))
    result = object.__new__(World)
    with closing(copy.connect()) as connection:
        vars(result).update(vars(world), connection=connection)
        yield result


def run(*arguments: str | Path) -> int:
    status = load_script("query_relationships").main([str(argument) for argument in arguments])
    assert isinstance(status, int)
    return status


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask, expect an answer and no remark, give the lines on stdout."""

    def asked(*arguments: str | Path) -> list[str]:
        capsys.readouterr()
        assert run(*arguments) == 0
        output = capsys.readouterr()
        assert output.err == ""
        return output.out.splitlines()

    return asked


@pytest.fixture
def document(ask: Ask) -> Callable[..., Any]:
    return lambda *arguments: json.loads("\n".join(ask(*arguments, "--json")))


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Ask, expect exit status 1 and nothing on stdout, give the line on stderr."""

    def asked(*arguments: str) -> str:
        capsys.readouterr()
        assert run(*arguments) == 1
        output = capsys.readouterr()
        assert output.out == ""
        return output.err.strip()

    return asked


# Funds and other groups


def test_a_fund_on_a_day_has_the_members_weights_and_sectors_of_then_and_tells_its_file(ask: Ask, world: World) -> None:
    assert ask("--etf", "spy", "--as-of", "2021-12-31") == [
        "ETF: SPY - The SPY",
        "3 holdings, weights sum to 13.25 %",
        f"On 2021-12-31: as of 2021-06-11 (spy.csv), known since 2021-06-28, load {world.corrected}",
        "",
        "symbol           weight %  name            sector",
        "AAPL             6.250000  Apple Inc.      information_technology",
        "MSFT             5.000000",
        "FB (META today)  2.000000  Facebook, Inc.  communication_services",
    ]


def test_sectors_that_were_not_known_yet_are_unknown(document: Callable[..., Any], world: World) -> None:
    found = document("--etf", "SPY", "--as-of", "2021-06-12")
    assert [(row["symbol"], row["name"], row["sector"]) for row in found["holdings"]] == [
        ("AAPL", None, None), ("MSFT", None, None), ("FB", None, None),
    ]  # fmt: skip


def test_what_a_later_load_corrected_is_known_only_since_then(document: Callable[..., Any], world: World) -> None:
    def answer(known_on: str) -> tuple[object, ...]:
        found = document("--etf", "SPY", "--as-of", "2021-12-31", "--known-on", known_on)
        return found["holdings"][0]["weight"], found["load_id"], found["known_since"], found["known_on"]

    assert answer("2021-06-14") == (6.0, world.first, "2021-06-14T12:00:00+00:00", "2021-06-14")
    assert answer("2021-06-27") == (6.0, world.first, "2021-06-14T12:00:00+00:00", "2021-06-27")
    assert answer("2021-06-28") == (6.25, world.corrected, "2021-06-28T12:00:00+00:00", "2021-06-28")


def test_the_document_of_a_fund_is_that_of_today_and_what_it_stands_on(
    document: Callable[..., Any], world: World
) -> None:
    assert document("--etf", "SPY", "--as-of", "2022-06-09") == {
        "etf": "SPY",
        "name": "The SPY",
        "count": 3,
        "weighted": 3,
        "weight_sum": 13.25,
        "as_of": "2022-06-09",
        "loaded_at": "2021-06-28T12:00:00+00:00",
        "load_id": world.corrected,
        "file": "/files/spy.csv",
        "holdings": [
            {"symbol": "AAPL", "weight": 6.25, "name": "Apple Inc.", "sector": "information_technology", "now": "AAPL"},
            {"symbol": "MSFT", "weight": 5.0, "name": None, "sector": None, "now": "MSFT"},
            # the file is older than the new symbol
            {"symbol": "FB", "weight": 2.0, "name": MEDIA["name"], "sector": "communication_services", "now": "META"},
        ],
        "known_on": None,
        "status": "known",
        "known_since": "2021-06-28T12:00:00+00:00",
        "snapshot": {
            "as_of": "2021-06-11",
            "dated": True,
            "known_since": "2021-06-28T12:00:00+00:00",
            "load_id": world.corrected,
            "file": "/files/spy.csv",
        },
        "by_hand": 0,
        "first": None,
        "removed": None,
    }  # fmt: skip


def test_a_fund_that_was_not_known_then_tells_since_when_it_is(
    ask: Ask, document: Callable[..., Any], world: World
) -> None:
    assert ask("--etf", "qqq", "--as-of", "2022-06-30") == [
        "ETF: QQQ",
        "On 2022-06-30: not known then; the first that is known of QQQ is as of 2022-07-01, known since 2022-07-05"
        f" (load {world.later})",
    ]
    assert document("--etf", "QQQ", "--as-of", "2022-06-30") == {
        "etf": "QQQ", "count": None, "holdings": None, "as_of": "2022-06-30", "known_on": None, "status": "not known",
        "known_since": "2022-07-05T12:00:00+00:00", "snapshot": None, "by_hand": 0,
        "first": {"as_of": "2022-07-01", "known_since": "2022-07-05T12:00:00+00:00", "load_id": world.later},
        "removed": None,
    }  # fmt: skip
    # There by its own date, but not known before it was loaded.
    assert document("--etf", "QQQ", "--as-of", "2022-07-02")["status"] == "known"
    assert document("--etf", "QQQ", "--as-of", "2022-07-02", "--known-on", "2022-07-04")["status"] == "not known"


def test_a_fund_that_was_removed_tells_when_and_by_what(ask: Ask, document: Callable[..., Any], world: World) -> None:
    assert [row.split()[0] for row in ask("--etf", "DIA", "--as-of", "2023-01-08")[5:]] == ["AAPL", "DWDP"]
    assert ask("--etf", "DIA", "--as-of", "2023-01-09") == [
        "ETF: DIA", f"On 2023-01-09: removed on 2023-01-09 by load {world.gone} (2023-01-09)",
    ]  # fmt: skip
    found = document("--etf", "DIA", "--as-of", "2023-02-01")
    assert (found["status"], found["holdings"], found["removed"]) == (
        "removed", None, {"on": "2023-01-09", "known_since": "2023-01-09T12:00:00+00:00", "load_id": world.gone},
    )  # fmt: skip
    # Before that was known it was still there.
    assert document("--etf", "DIA", "--as-of", "2023-02-01", "--known-on", "2023-01-08")["status"] == "known"


def test_a_fund_that_came_back_was_removed_in_between_only(document: Callable[..., Any], changing: World) -> None:
    past_loads.load(changing.connection, "2023-03-06", "2023-03-03", {"DIA": {"AAPL": "7"}})
    days = ["2021-06-10", "2021-06-11", "2023-01-08", "2023-01-09", "2023-03-02", "2023-03-03"]
    assert [document("--etf", "DIA", "--as-of", day)["status"] for day in days] == [
        "not known", "known", "known", "removed", "removed", "known",
    ]  # fmt: skip


def test_a_group_that_never_was_is_an_error_with_the_nearest_that_ever_were(
    refused: Callable[..., str], world: World
) -> None:
    assert refused("--etf", "DIAX", "--as-of", "2023-02-01") == (
        "error: no ETF 'DIAX' in DEFAULT; nearest: DIA; --stats counts what is loaded"
    )
    assert "nearest: social media" in refused("--theme", "social mediums", "--as-of", "2020-01-01")


def test_a_sector_on_a_day(ask: Ask, document: Callable[..., Any], changing: World) -> None:
    past_loads.load(changing.connection, "2021-09-01", None, {"information_technology": {"MSFT": TECH}}, "SECTOR")
    lines = ask("--sector", "Technology", "--as-of", "2021-08-31")
    assert lines[0] == "Sector: information_technology - Information Technology"
    assert lines[2:] == [
        "1 member",
        f"On 2021-08-31: last changed as of 2021-06-15, known since 2021-06-15, load {changing.sectors}",
        "",
        "symbol  name        industry  source          confidence",
        "AAPL    Apple Inc.  Software  classification  medium",
    ]
    assert [row["symbol"] for row in document("--sector", "tech", "--as-of", "2021-09-01")["members"]] == ["MSFT"]
    media = document("--sector", "communication_services", "--as-of", "2021-08-31")
    assert [(row["symbol"], row["now"]) for row in media["members"]] == [("FB", "META")]


def test_a_universe_and_a_theme_on_a_day(ask: Ask, document: Callable[..., Any], world: World) -> None:
    assert ask("--universe", "Dow 30", "--as-of", "2022-01-01") == [
        "Universe: dow30 - The dow30",
        "1 member",
        f"On 2022-01-01: as of 2021-06-11 (dow30.csv), known since 2021-06-16, load {world.dow}",
        "",
        "symbol  name        sector",
        "AAPL    Apple Inc.  information_technology",
    ]
    assert ask("--theme", "Social Media", "--as-of", "2022-01-01")[2] == (
        "On 2022-01-01: as of 2021-06-16 (social media.csv, without a date of its own), known since 2021-06-16,"
        f" load {world.social}"
    )
    found = document("--theme", "social_media", "--as-of", "2021-06-15")
    assert (found["theme"], found["status"], found["members"], found["first"]["as_of"]) == (
        "social media", "not known", None, "2021-06-16",
    )  # fmt: skip


def test_rows_of_a_hand_are_told_apart_from_the_file(ask: Ask, document: Callable[..., Any], changing: World) -> None:
    heavier = "UPDATE group_memberships SET weight = 7 WHERE symbol = 'MSFT'"
    past_loads.by_hand(changing.connection, "2021-07-05", heavier)
    assert ask("--etf", "SPY", "--as-of", "2021-07-04")[2].endswith(f"load {changing.corrected}")
    assert ask("--etf", "SPY", "--as-of", "2021-07-05")[2].endswith(f"load {changing.corrected}; 1 row by hand")
    found = document("--etf", "SPY", "--as-of", "2021-07-05")
    assert (found["by_hand"], found["holdings"][0]["symbol"], found["holdings"][0]["weight"]) == (1, "MSFT", 7.0)


def test_a_group_that_a_hand_made_stands_on_its_last_change(document: Callable[..., Any], changing: World) -> None:
    made = past_loads.by_hand(
        changing.connection, "2021-07-05", "INSERT INTO definition_groups (type, name) VALUES ('THEME', 'mine')"
    )
    found = document("--theme", "mine", "--as-of", "2021-07-05")
    assert (found["status"], found["members"], found["snapshot"]) == (
        "known", [],
        {"as_of": "2021-07-05", "dated": True, "known_since": "2021-07-05T12:00:00+00:00", "load_id": made,
         "file": None},
    )  # fmt: skip


def test_a_file_that_was_taken_back_counts_only_until_that_was_known(
    document: Callable[..., Any], changing: World
) -> None:
    undo = past_loads.load(
        changing.connection, "2021-07-01", "2021-06-11", {"SPY": {"AAPL": "6", "FB": "2", "MSFT": "5"}}
    )
    query(
        changing.connection, "UPDATE load_runs SET kind = 'undo', undoes = %s WHERE id = %s", changing.corrected, undo
    )
    query(changing.connection, "UPDATE load_files SET scope = 'undo' WHERE load_id = %s", undo)
    query(changing.connection, "UPDATE load_files SET undone_by = %s WHERE load_id = %s", undo, changing.corrected)

    def answer(*known_on: str) -> tuple[object, ...]:
        found = document("--etf", "SPY", "--as-of", "2021-12-31", *known_on)
        return found["holdings"][0]["weight"], found["snapshot"]["load_id"]

    assert answer() == (6.0, changing.first)
    assert answer("--known-on", "2021-06-30") == (6.25, changing.corrected)
    assert answer("--known-on", "2021-07-01") == (6.0, changing.first)


# Stocks


def test_a_stock_on_a_day_lists_its_groups_with_their_files_and_what_was_not_known(ask: Ask, world: World) -> None:
    assert ask("--stock", "aapl", "--as-of", "2022-01-01", "--known-on", "2022-06-01") == [
        "Stock: AAPL - Apple Inc.",
        "On 2022-01-01, as known on 2022-06-01",
        "Sector: information_technology",
        "Industry: Software",
        "",
        "Member of 2 ETFs:",
        f"  - DIA              as of 2021-06-11 (dia.csv), known since 2021-06-14, load {world.first}",
        f"  - SPY  6.250000 %  as of 2021-06-11 (spy.csv), known since 2021-06-28, load {world.corrected}",
        "2 ETFs known then, 1 not known then (QQQ from 2022-07-01)",
        "Member of 1 universe:",
        f"  - dow30    as of 2021-06-11 (dow30.csv), known since 2021-06-16, load {world.dow}",
        "1 universe known then",
        "1 theme known then",
    ]


def test_the_document_of_a_stock_on_a_day(document: Callable[..., Any], world: World) -> None:
    found = document("--stock", "AAPL", "--as-of", "2022-01-01")
    assert {key: found[key] for key in ("symbol", "name", "sector", "industry", "universes", "status", "as_of")} == {
        "symbol": "AAPL", "name": "Apple Inc.", "sector": "information_technology", "industry": "Software",
        "universes": ["dow30"], "status": "member", "as_of": "2022-01-01",
    }  # fmt: skip
    assert found["etfs"] == [
        {"etf": "DIA", "weight": None, "listed_as": "AAPL"}, {"etf": "SPY", "weight": 6.25, "listed_as": "AAPL"},
    ]  # fmt: skip
    assert found["known_since"] == "2021-06-28T12:00:00+00:00"
    assert [(each["type"], each["group"], each["load_id"]) for each in found["snapshots"]] == [
        ("ETF", "DIA", world.first),
        ("ETF", "SPY", world.corrected),
        ("SECTOR", "information_technology", world.sectors),
        ("UNIVERSE", "dow30", world.dow),
    ]
    assert found["groups"] == {
        "ETF": {"known": 2, "not_known": [{"name": "QQQ", "as_of": "2022-07-01",
                                           "known_since": "2022-07-05T12:00:00+00:00", "load_id": world.later}]},
        "UNIVERSE": {"known": 1, "not_known": []},
        "THEME": {"known": 1, "not_known": []},
    }  # fmt: skip
    assert (found["now"], found["first"], found["remark"]) == ("AAPL", None, None)


def test_a_stock_that_was_in_no_group_was_not_a_member_of_those_known_then(
    ask: Ask, document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2022-07-11", "2022-07-08", {"QQQ": {"AAPL": "12", "NVDA": "8"}})
    nvda = ask("--stock", "NVDA", "--as-of", "2022-07-07")
    assert nvda[5:7] == [
        "Not a member of the 3 ETFs, 1 universe and 1 theme known then",
        f"First known in QQQ as of 2022-07-08, known since 2022-07-11 (load {changing.gone + 1})",
    ]
    found = document("--stock", "NVDA", "--as-of", "2022-06-30")
    assert (found["status"], found["etfs"], found["first"]["group"], found["known_since"]) == (
        "not a member", [], "QQQ", "2022-06-13T12:00:00+00:00",
    )  # fmt: skip
    # of the three funds two were known
    assert found["groups"]["ETF"]["known"] == 2


def test_what_a_later_file_of_the_past_denied_is_not_where_a_stock_is_first_known(
    document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2022-07-11", "2022-07-08", {"QQQ": {"AAPL": "12", "NVDA": "8"}})
    later = past_loads.load(changing.connection, "2022-07-18", "2022-07-15", {"QQQ": {"AAPL": "12", "NVDA": "9"}})
    query(
        changing.connection,
        "INSERT INTO membership_versions (group_id, symbol, valid_from, valid_to, opened_by, closed_by)"
        " SELECT id, 'NVDA', '2022-07-08', '2022-07-15', %s, %s FROM definition_groups WHERE name = 'QQQ'",
        later, later,
    )  # fmt: skip
    found = document("--stock", "NVDA", "--as-of", "2022-07-10")
    assert (found["status"], found["first"]["as_of"]) == ("not a member", "2022-07-15")


def test_a_stock_that_left_tells_when(ask: Ask, world: World) -> None:
    assert ask("--stock", "DWDP", "--as-of", "2023-02-01")[-1] == (
        f"First known in DIA as of 2021-06-11, known since 2021-06-14 (load {world.first});"
        " last left a group on 2023-01-09"
    )


def test_before_anything_was_known_a_stock_is_not_known(ask: Ask, document: Callable[..., Any], world: World) -> None:
    first = f"First known in DIA as of 2021-06-11, known since 2021-06-14 (load {world.first})"
    assert ask("--stock", "AAPL", "--as-of", "2021-06-10") == [
        "Stock: AAPL", "On 2021-06-10", "Sector: not known then", "Industry: not known then", "",
        "Not known then: no ETF, universe or theme is known of that day", first,
    ]  # fmt: skip
    found = document("--stock", "AAPL", "--as-of", "2022-01-01", "--known-on", "2021-06-13")
    assert (found["status"], found["first"]["as_of"], found["known_since"]) == (
        "not known", "2021-06-11", "2021-06-14T12:00:00+00:00",
    )  # fmt: skip


def test_a_stock_that_never_was_is_an_error_with_the_nearest_ever_stored(
    refused: Callable[..., str], world: World
) -> None:
    assert refused("--stock", "DWDQ", "--as-of", "2023-02-01") == (
        "error: no stock 'DWDQ' in DEFAULT; nearest: DWDP; --stats counts what is loaded"
    )
    assert "SPY is an ETF: --etf SPY" in refused("--stock", "SPY", "--as-of", "2022-01-01")


@pytest.mark.parametrize("asked", ["BRK.B", "brk-b", " BRK/B "])
def test_a_symbol_is_found_in_every_spelling(document: Callable[..., Any], changing: World, asked: str) -> None:
    past_loads.load(changing.connection, "2022-07-05", "2022-07-01", {"XLF": {"BRK.B": "12"}})
    assert document("--stock", asked, "--as-of", "2022-07-02")["symbol"] == "BRK.B"


# Renames


def test_the_symbol_of_today_is_followed_back(ask: Ask, document: Callable[..., Any], world: World) -> None:
    assert ask("--stock", "META", "--as-of", "2021-12-31")[:4] == [
        "Stock: FB - Facebook, Inc.", "META traded as FB then", "On 2021-12-31", "Sector: communication_services",
    ]  # fmt: skip
    found = document("--stock", "META", "--as-of", "2021-12-31")
    assert (found["symbol"], found["now"], found["etfs"], found["themes"]) == (
        "FB", "META", [{"etf": "SPY", "weight": 2.0, "listed_as": "FB"}], ["social media"],
    )  # fmt: skip
    assert found["names"] == [
        {"symbol": "FB", "since": None, "until": "2022-06-09"},
        {"symbol": "META", "since": "2022-06-09", "until": None},
    ]  # fmt: skip


def test_the_symbol_of_then_tells_the_one_of_today(ask: Ask, world: World) -> None:
    assert ask("--stock", "FB", "--as-of", "2021-12-31")[:3] == [
        "Stock: FB - Facebook, Inc.", "FB is META today, renamed on 2022-06-09", "On 2021-12-31",
    ]  # fmt: skip


def test_after_the_rename_the_old_symbol_is_nobodys(refused: Callable[..., str], world: World) -> None:
    assert refused("--stock", "FB", "--as-of", "2022-06-09") == (
        "error: FB was renamed to META on 2022-06-09; try --stock META"
    )


def test_today_too_the_old_symbol_leads_to_the_new_one(refused: Callable[..., str], changing: World) -> None:
    query(changing.connection, "DELETE FROM group_memberships WHERE symbol = 'FB'")
    for question in (["--stock", "FB"], ["--stock", "fb"], ["--where", "FB"]):
        assert refused(*question) == "error: FB was renamed to META on 2022-06-09; try --stock META"


def test_what_an_older_file_calls_by_the_old_symbol_is_found_under_the_new(
    ask: Ask, document: Callable[..., Any], world: World
) -> None:
    lines = ask("--stock", "META", "--as-of", "2022-07-02")
    assert lines[5:9] == [
        "Member of 2 ETFs:",
        f"  - QQQ  3.000000 %  as of 2022-07-01 (qqq.csv), known since 2022-07-05, load {world.later}",
        f"  - SPY  1.900000 %  as of 2022-06-10 (spy.csv), known since 2022-06-13, load {world.renamed}",
        "3 ETFs known then",
    ]
    assert lines[10:12] == [
        "Member of 1 theme:",
        "  - social media    as of 2021-06-16 (social media.csv, without a date of its own), known since 2021-06-16,"
        f" load {world.social} (as FB)",
    ]
    assert document("--stock", "META", "--as-of", "2022-06-09")["etfs"] == [
        {"etf": "SPY", "weight": 2.0, "listed_as": "FB"}
    ]


def test_a_ticker_that_is_used_again_is_another_stock(
    ask: Ask, refused: Callable[..., str], document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2024-01-08", "2024-01-05", {"NEW": {"FB": "1"}})
    assert ask("--stock", "FB", "--as-of", "2024-02-01")[:2] == [
        "Stock: FB", "not the FB that was renamed to META on 2022-06-09",
    ]  # fmt: skip
    assert document("--stock", "FB", "--as-of", "2024-02-01")["etfs"] == [
        {"etf": "NEW", "weight": 1.0, "listed_as": "FB"}
    ]
    assert [each["etf"] for each in document("--stock", "META", "--as-of", "2024-02-01")["etfs"]] == ["QQQ", "SPY"]
    assert document("--etf", "NEW", "--as-of", "2024-02-01")["holdings"][0]["now"] == "FB"
    assert "renamed to META" in refused("--stock", "FB", "--as-of", "2023-06-01")


def test_who_had_the_new_symbol_before_is_another_stock(
    ask: Ask, document: Callable[..., Any], changing: World
) -> None:
    past_loads.load(changing.connection, "2021-06-21", "2021-06-18", {"OLD": {"META": "4"}})
    assert ask("--stock", "META", "--as-of", "2021-12-31")[:2] == [
        "Stock: META", "the META of today is another stock, FB then",
    ]  # fmt: skip
    assert document("--stock", "FB", "--as-of", "2021-12-31")["etfs"] == [
        {"etf": "SPY", "weight": 2.0, "listed_as": "FB"}
    ]


def test_a_chain_of_renames_is_followed_to_both_ends(document: Callable[..., Any], changing: World) -> None:
    past_loads.rename(changing.connection, "TFB", "FB", "2021-07-01")
    past_loads.rename(changing.connection, "META", "M", "2024-01-01")
    past_loads.load(changing.connection, "2021-06-21", "2021-06-18", {"OLD": {"TFB": "4"}})
    for asked in ("M", "TFB"):
        found = document("--stock", asked, "--as-of", "2021-06-30")
        # SPY had it as FB before that was its symbol: that FB was another stock
        assert (found["symbol"], found["now"], found["etfs"]) == (
            "TFB", "M", [{"etf": "OLD", "weight": 4.0, "listed_as": "TFB"}],
        )  # fmt: skip
    assert document("--etf", "OLD", "--as-of", "2021-06-30")["holdings"][0]["now"] == "M"
    assert document("--stock", "M", "--as-of", "2022-08-01")["symbol"] == "META"


# The other questions


def test_an_environment_in_numbers_on_a_day(ask: Ask, document: Callable[..., Any], world: World) -> None:
    lines = ask("--stats", "--as-of", "2022-01-01")
    assert lines[:5] == [
        "On 2022-01-01", "etfs                   2", "universes              1", "sectors               12",
        "themes                 1",
    ]  # fmt: skip
    assert lines[-3:] == [
        "2 ETFs known then, 1 not known then (QQQ from 2022-07-01)", "1 universe known then", "1 theme known then",
    ]  # fmt: skip
    before = ask("--stats", "--as-of", "2020-01-01")
    assert "\n\n\n" not in "\n".join(before)
    found = document("--stats", "--as-of", "2022-01-01")
    assert (found["stocks"], found["relationships"], found["relationships_by_type"]) == (
        4, 9, {"ETF": 5, "SECTOR": 2, "THEME": 1, "UNIVERSE": 1},
    )  # fmt: skip
    assert (found["status"], found["known_since"]) == ("known", "2021-06-28T12:00:00+00:00")
    assert document("--stats", "--as-of", "2020-01-01")["status"] == "not known"


def test_the_funds_that_held_a_stock(ask: Ask, document: Callable[..., Any], world: World) -> None:
    assert ask("--where", "META", "--as-of", "2021-12-31") == [
        "On 2021-12-31",
        "META traded as FB then",
        "FB - Facebook, Inc.",
        "Held by 1 ETF:",
        "  - SPY  2.000000 %  The SPY",
        "2 ETFs known then, 1 not known then (QQQ from 2022-07-01)",
    ]
    found = document("--where", "AAPL", "--as-of", "2022-07-02", "--min-weight", "6.5")
    assert ([each["etf"] for each in found["etfs"]], found["below"], found["unweighted"], found["status"]) == (
        ["QQQ", "SPY"], 0, 1, "member",
    )  # fmt: skip


def test_the_overlap_of_funds_on_a_day(ask: Ask, refused: Callable[..., str], world: World) -> None:
    lines = ask("--overlap", "SPY", "DIA", "--as-of", "2021-12-31")
    assert (lines[0], lines[4]) == ("On 2021-12-31", "SPY and DIA: 1 in common")
    assert refused("--overlap", "SPY", "QQQ", "--as-of", "2021-12-31") == (
        "error: QQQ on 2021-12-31: not known then; the first that is known of QQQ is as of 2022-07-01, known since"
        f" 2022-07-05 (load {world.later})"
    )
    assert "removed on 2023-01-09" in refused("--overlap", "SPY", "DIA", "--as-of", "2023-02-01")


def test_the_exposure_of_a_portfolio_on_a_day(document: Callable[..., Any], world: World, tmp_path: Path) -> None:
    path = tmp_path / "portfolio.csv"
    path.write_text("symbol,weight\nSPY,100\n", encoding="utf-8")
    found = document("--exposure", path, "--as-of", "2021-12-31")
    assert ([(each["symbol"], each["percent"]) for each in found["stocks"]], found["as_of"]) == (
        [("AAPL", 6.25), ("MSFT", 5.0), ("FB", 2.0)], "2021-12-31",
    )  # fmt: skip


# Days, environments, roles, schemas


def test_without_a_day_what_was_known_on_one_is_asked_for_that_day(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--etf", "SPY", "--known-on", "2021-06-20") == 0
    output = capsys.readouterr()
    assert output.err == "--known-on 2021-06-20 without --as-of asks for that day: --as-of 2021-06-20\n"
    assert output.out.splitlines()[2] == (
        f"On 2021-06-20, as known on 2021-06-20: as of 2021-06-11 (spy.csv), known since 2021-06-14, load {world.first}"
    )


def test_a_day_ahead_is_answered_with_what_holds_now(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--etf", "QQQ", "--as-of", "9999-12-31") == 0
    output = capsys.readouterr()
    assert output.err == "--as-of 9999-12-31 lies ahead: the answer is what holds now\n"
    assert "2 holdings" in output.out


@pytest.mark.parametrize("day", ["2021-6-1", "yesterday", "20210601", "2021-02-30", "2021-06-01T00:00", ""])
@pytest.mark.parametrize("option", ["--as-of", "--known-on"])
def test_what_is_no_date_is_a_usage_error(capsys: pytest.CaptureFixture[str], option: str, day: str) -> None:
    assert run("--stats", f"{option}={day}") == 2
    assert f"argument {option}: found {day!r}, expected a date like 2025-06-30" in capsys.readouterr().err


def test_the_first_day_there_is_can_be_asked_for(document: Callable[..., Any], world: World) -> None:
    for day in ("0001-01-01", "1858-11-17"):
        assert document("--etf", "SPY", "--as-of", day)["status"] == "not known"
        assert document("--stock", "AAPL", "--as-of", day, "--known-on", day)["status"] == "not known"


def test_an_environment_knows_nothing_of_another(
    document: Callable[..., Any], refused: Callable[..., str], changing: World
) -> None:
    past_loads.load(changing.connection, "2022-07-05", "2022-07-01", {"SPY": {"TSLA": "1"}}, environment="TEST")
    elsewhere = ("--environment", "TEST", "--as-of", "2022-07-02")
    assert [row["symbol"] for row in document("--etf", "SPY", *elsewhere)["holdings"]] == ["TSLA"]
    assert document("--stock", "TSLA", *elsewhere)["groups"]["ETF"] == {"known": 1, "not_known": []}
    assert "no stock 'AAPL' in TEST" in refused("--stock", "AAPL", *elsewhere)
    assert "no ETF 'QQQ' in TEST" in refused("--etf", "QQQ", *elsewhere)


QUESTIONS = [
    ["--stock", "META"], ["--etf", "SPY"], ["--sector", "tech"], ["--theme", "social media"], ["--universe", "dow30"],
    ["--stats"], ["--where", "AAPL"], ["--overlap", "SPY", "DIA"], ["--etf", "QQQ"],
]  # fmt: skip


def test_all_of_it_works_for_a_reader_that_cannot_write(
    ask: Ask, prepared: tuple[Database, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = "-crole=app_readonly\t-cdefault_transaction_read_only=on"
    database, _ = prepared
    reader = database._replace(parameters={**database.parameters, "options": options})
    monkeypatch.setenv("DATABASE_URI", uri_with_password(reader))
    for question in QUESTIONS:
        assert ask(*question, "--as-of", "2022-01-01", "--known-on", "2022-02-01")


def test_all_of_it_works_in_a_schema_of_its_own(
    ask: Ask, new_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_database()
    with closing(database.connect()) as connection:
        query(connection, "CREATE SCHEMA mine")
    own = database._replace(parameters={**database.parameters, "options": "-csearch_path=mine"})
    migrate(own)
    with closing(own.connect()) as connection:
        World(connection)
    monkeypatch.setenv("DATABASE_URI", uri_with_password(own))
    for question in QUESTIONS:
        assert ask(*question, "--as-of", "2022-01-01", "--known-on", "2022-02-01")


def test_questions_about_the_present_stay_as_they_were(document: Callable[..., Any], world: World) -> None:
    assert "status" not in document("--etf", "SPY")
    assert [row["symbol"] for row in document("--etf", "SPY")["holdings"]] == ["AAPL", "MSFT", "META"]
    assert set(document("--stock", "META")) == {
        "symbol", "name", "sector", "other_sectors", "industry", "etfs", "themes", "universes", "evidence",
    }  # fmt: skip


def test_stored_text_cannot_reach_the_terminal(ask: Ask, changing: World) -> None:
    past_loads.load(changing.connection, "2022-07-05", "2022-07-01", {"E\x1b[2JVIL": {"A\x1bB": "1"}}, "THEME")
    past_loads.rename(changing.connection, "A\x1bB", "C\x1bD", "2022-08-01")
    for question in (["--stock", "A\x1bB"], ["--theme", "E\x1b[2JVIL"], ["--stats"], ["--stock", "AAPL"]):
        for day in ("2022-07-02", "2022-06-01"):
            assert all("\x1b" not in line for line in ask(*question, "--as-of", day))
