"""Funds and other groups as of a day: what held, what was known of it, and what was not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests import past_loads
from tests.scripts.as_of.world import MEDIA, TECH, Ask, World
from tests.stored import query


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
