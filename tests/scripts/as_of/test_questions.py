"""The other questions as of a day, and which days, environments, roles and schemas can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import past_loads
from tests.conftest import uri_with_password
from tests.scripts.as_of.world import Ask, World, run
from tests.stored import query
from tickstock.db import Database, closing
from tickstock.migrations import migrate


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
