"""Which files of a folder count, under which name, and what is said about the others."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tickstock.errors import BadInputError
from tickstock.sources.folder import Listing, checksum_of, read, scan

PLAIN = "symbol,weight\nAAPL,60\nT,40\n"
REGISTRY = {"sp500": "S&P 500", "dow30": "Dow 30"}
ARK = "date,fund,company,ticker,weight (%)\n{day},{fund},TESLA INC,TSLA,60%\n"
ISHARES = 'A Fund\nFund Holdings as of,"{day}"\n\nTicker,Name,Asset Class,Weight (%)\nAAPL,APPLE,Equity,60\n'

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(name: str, content: str | bytes = PLAIN) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def found(listing: Listing) -> dict[str, str]:
    return {candidate.group: candidate.path.name for candidate in listing.candidates}


def reasons(listing: Listing) -> dict[str, str]:
    return {ignored.path.name: ignored.reason for ignored in listing.ignored}


def test_funds_and_universes_are_found_by_name_each_by_its_own_scan(tmp_path: Path, put: Put) -> None:
    for name in ("spy_holdings.csv", "qqq_holdings.xlsx", "brk.b_holdings.csv", "sp500.csv", "dow30.txt"):
        put(name)
    for name in ("themes.csv", "funds.csv", "universes.csv", "README.md", ".hidden.csv", "~$spy_holdings.xlsx"):
        put(name)
    (tmp_path / "older").mkdir()
    funds = scan(tmp_path, "ETF", REGISTRY)
    assert found(funds) == {
        "BRK.B": "brk.b_holdings.csv",
        "QQQ": "qqq_holdings.xlsx",
        "SPY": "spy_holdings.csv",
    }
    assert (funds.problems, funds.warnings) == ((), ())
    assert [candidate.kind for candidate in funds.candidates] == ["ETF"] * 3
    universes = scan(tmp_path, "UNIVERSE", REGISTRY)
    assert found(universes) == {"dow30": "dow30.txt", "sp500": "sp500.csv"}
    assert funds.ignored == universes.ignored == ()


def test_other_files_are_ignored_with_the_name_that_was_expected(tmp_path: Path, put: Put) -> None:
    put("spy.csv")
    put("ivv_holdings.xls")
    put("notes.txt", "hello")
    put("page.csv", "<html>")
    ignored = reasons(scan(tmp_path, "ETF", REGISTRY))
    rest = " for a fund, or a name from the registry of universes"
    assert ignored == {
        "spy.csv": f"expected {{etf}}_holdings.csv{rest}",
        "ivv_holdings.xls": f"expected ivv_holdings.csv{rest}",
        "notes.txt": f"expected {{etf}}_holdings.csv{rest}",
        "page.csv": "found an HTML or XML page; download it again: the address gave a web page",
    }


@pytest.mark.parametrize(
    ("name", "content", "fund"),
    [
        ("IVV_holdings_2025-11-18.csv", ISHARES.format(day="Nov 18, 2025"), "IVV"),
        ("IWB_holdings.csv", ISHARES.format(day="Nov 18, 2025"), "IWB"),
        ("ARKK_HOLDINGS_2021-10-08.csv", ARK.format(day="10/08/2021", fund="ARKK"), "ARKK"),
        ("ARK_INNOVATION_ETF_ARKK_HOLDINGS.csv", ARK.format(day="10/08/2021", fund="ARKK"), "ARKK"),
        ("download.csv", ARK.format(day="10/08/2021", fund="ARKK"), "ARKK"),
        ("QQQ_holdings_2020-07-02.csv", "Fund Ticker,Holding Ticker,Weight\nQQQ,AAPL ,60\n", "QQQ"),
    ],
)
def test_an_issuers_own_name_is_taken(name: str, content: str, fund: str, tmp_path: Path, put: Put) -> None:
    put(name, content)
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert found(listing) == {fund: name}
    assert (listing.ignored, listing.problems, listing.warnings) == ((), (), ())
    assert read(listing.candidates[0]).problems == ()


@pytest.mark.parametrize(
    "name",
    ["holdings-daily-us-en-xle.xlsx", "holdings-daily-us-en-xle_2024-07-08.xlsx", "xle.xlsx", "XLE_holdings.csv"],
)
def test_a_workbook_is_known_by_the_ticker_inside(
    name: str, tmp_path: Path, put: Put, sample_bytes: Callable[[str], bytes]
) -> None:
    put(name, sample_bytes("ssga_xle.sheet.csv"))
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert (found(listing), listing.warnings) == ({"XLE": name}, ())
    assert read(listing.candidates[0]).problems == ()


@pytest.mark.parametrize("name", ["spy_holdings.csv", "holdings-daily-us-en-spy.xlsx", "ark_x_spyx_holdings.csv"])
def test_a_name_that_contradicts_the_content_is_a_problem(name: str, tmp_path: Path, put: Put) -> None:
    put(name, ARK.format(day="10/08/2021", fund="ARKK"))
    (candidate,) = scan(tmp_path, "ETF", REGISTRY).candidates
    (problem,) = read(candidate).problems
    assert problem.found == "the fund 'ARKK' inside"


def test_upper_case_alone_loads_with_a_warning_and_beside_lower_case_is_a_problem(
    tmp_path: Path, put: Put
) -> None:
    put("SPY_holdings.csv")
    put("SP500.csv")
    funds = scan(tmp_path, "ETF", REGISTRY)
    assert found(funds) == {"SPY": "SPY_holdings.csv"}
    assert funds.warnings == ("SPY_holdings.csv: expected spy_holdings.csv",)
    assert scan(tmp_path, "UNIVERSE", REGISTRY).warnings == ("SP500.csv: expected sp500.csv",)
    put("spy_holdings.csv")
    if len(list(tmp_path.iterdir())) == 2:
        return  # this disk does not tell the two names apart
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert found(listing) == {}
    assert [str(problem) for problem in listing.problems] == [
        "SPY_holdings.csv: found 2 files for SPY (SPY_holdings.csv, spy_holdings.csv), expected one; "
        "take the others out of the folder"
    ]


def test_of_several_dated_files_the_newest_counts_and_the_others_are_earlier(tmp_path: Path, put: Put) -> None:
    put("IVV_holdings_2025-11-18.csv", ISHARES.format(day="Nov 18, 2025"))
    put("IVV_holdings_2025-11-25.csv", ISHARES.format(day="Nov 25, 2025"))
    put("ivv_holdings.csv", ISHARES.format(day="Nov 11, 2025"))
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert found(listing) == {"IVV": "IVV_holdings_2025-11-25.csv"}
    assert [each.path.name for each in listing.earlier] == ["IVV_holdings_2025-11-18.csv", "ivv_holdings.csv"]


def test_a_date_after_an_at_sign_is_the_files(tmp_path: Path, put: Put) -> None:
    put("spy_holdings.csv", PLAIN)
    put("spy_holdings@2025-06-30.csv", PLAIN)
    put("spy_holdings@2024-12-31.csv", PLAIN)
    put("dow30@20250630.csv", "AAPL\n")
    funds, universes = scan(tmp_path, "ETF", REGISTRY), scan(tmp_path, "UNIVERSE", REGISTRY)
    assert found(funds) == {"SPY": "spy_holdings.csv"}
    assert [(each.path.name, read(each).as_of) for each in funds.earlier] == [
        ("spy_holdings@2025-06-30.csv", date(2025, 6, 30)),
        ("spy_holdings@2024-12-31.csv", date(2024, 12, 31)),
    ]
    assert [(each.group, read(each).as_of) for each in universes.candidates] == [("dow30", date(2025, 6, 30))]
    assert (funds.problems, funds.ignored, universes.problems, universes.ignored) == ((), (), (), ())


def test_a_plain_file_has_the_date_of_its_name_and_an_issuers_file_the_one_inside(tmp_path: Path, put: Put) -> None:
    put("spy_holdings_2025-06-30.csv", PLAIN)
    put("IVV_holdings_2025-11-19.csv", ISHARES.format(day="Nov 18, 2025"))
    dates = {each.group: read(each).as_of for each in scan(tmp_path, "ETF", REGISTRY).candidates}
    assert dates == {"IVV": date(2025, 11, 18), "SPY": date(2025, 6, 30)}


def test_a_date_in_the_name_that_contradicts_the_one_inside_is_a_problem(tmp_path: Path, put: Put) -> None:
    put("ivv_holdings@2025-11-19.csv", ISHARES.format(day="Nov 18, 2025"))
    (candidate,) = scan(tmp_path, "ETF", REGISTRY).candidates
    assert [str(problem) for problem in read(candidate).problems] == [
        "ivv_holdings@2025-11-19.csv: found the date 2025-11-18 inside, expected 2025-11-19, as its name or --as-of "
        "says; correct one of the two"
    ]


def test_a_day_that_does_not_exist_is_a_problem(tmp_path: Path, put: Put) -> None:
    put("spy_holdings@2025-02-30.csv", PLAIN)
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert [problem.found for problem in listing.problems] == [
        "the date 2025-02-30 in the name spy_holdings@2025-02-30.csv"
    ]


@pytest.mark.parametrize("other", [ISHARES.format(day="Nov 18, 2025"), PLAIN, "<html>"])
def test_two_files_that_no_date_inside_tells_apart_are_a_problem(other: str, tmp_path: Path, put: Put) -> None:
    put("IVV_holdings_2025-11-18.csv", ISHARES.format(day="Nov 18, 2025"))
    path = put("ivv_holdings.csv", other)
    os.utime(path, (0, 0))
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert listing.candidates == ()
    assert [problem.found for problem in listing.problems] == [
        "2 files for IVV (IVV_holdings_2025-11-18.csv, ivv_holdings.csv)"
    ]


def test_a_link_is_followed_and_a_dead_one_is_a_problem(tmp_path: Path, put: Put) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target = put("elsewhere/file.csv")
    try:
        (tmp_path / "spy_holdings.csv").symlink_to(target)
        (tmp_path / "ivv_holdings.csv").symlink_to(tmp_path / "gone")
    except OSError:
        return  # this machine lets nobody make links
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert found(listing) == {"SPY": "spy_holdings.csv"}
    assert checksum_of(listing.candidates[0].path) == checksum_of(target)
    assert [problem.path.name for problem in listing.problems] == ["ivv_holdings.csv"]
    assert scan(tmp_path, "UNIVERSE", REGISTRY).problems == ()


def test_a_folder_that_cannot_be_listed_is_bad_input(tmp_path: Path, put: Put) -> None:
    with pytest.raises(BadInputError, match="found no such folder"):
        scan(tmp_path / "none", "ETF", REGISTRY)
    with pytest.raises(BadInputError, match="found a file, expected a folder"):
        scan(put("spy_holdings.csv"), "ETF", REGISTRY)


def test_thousands_of_plain_files_are_listed_without_being_opened(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"f{number}_holdings.csv").write_text("<html>")
    # None of them is a table, and nobody notices before reading.
    listing = scan(tmp_path, "ETF", REGISTRY)
    assert (len(listing.candidates), listing.problems, listing.ignored) == (200, (), ())
