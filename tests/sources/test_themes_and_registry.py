"""The files that name things: themes with their members, universes, funds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tickstock.checksum import file_checksum
from tickstock.errors import BadInputError
from tickstock.sources.registry import read_fund_names, read_universe_registry
from tickstock.sources.themes import read_themes

THEMES = """\
theme,symbol,description
crypto_miners,MARA,Bitcoin miners
crypto_miners,RIOT,
ai,NVDA,Artificial intelligence
ai,BRK/B,
crypto_miners,CLSK,
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "themes.csv"


def test_each_theme_is_a_source_of_its_own(path: Path) -> None:
    path.write_text(THEMES)
    miners, ai = read_themes(path)
    assert (miners.kind, miners.group, miners.title) == ("THEME", "crypto_miners", "Bitcoin miners")
    assert [(h.line, h.symbol, h.weight) for h in miners.holdings] == [
        (2, "MARA", None),
        (3, "RIOT", None),
        (6, "CLSK", None),
    ]
    assert [h.symbol for h in ai.holdings] == ["NVDA", "BRK.B"]
    assert {miners.checksum, ai.checksum} == {file_checksum(THEMES.encode())}
    assert miners.problems == ai.problems == ()


def test_a_problem_belongs_to_its_theme_or_else_to_none(path: Path) -> None:
    path.write_text(THEMES + "ai,'; DROP TABLE x;--,\nMy Theme,AAPL,\nai,T\n")
    miners, ai, nowhere = read_themes(path)
    assert miners.problems == ()
    assert [problem.line for problem in ai.problems] == [7]
    assert (nowhere.group, [problem.line for problem in nowhere.problems]) == ("", [8, 9])
    assert sum(source.rows for source in (miners, ai, nowhere)) == 8


@pytest.mark.parametrize("content", ["", "theme,weight\nai,1\n", "<html>", "theme,symbol,symbol\n"])
def test_a_file_of_no_themes_is_one_problem(content: str, path: Path) -> None:
    path.write_text(content)
    (source,) = read_themes(path)
    assert source.group == ""
    assert len(source.problems) == 1


def test_a_missing_file_is_a_problem(path: Path) -> None:
    (source,) = read_themes(path)
    assert str(source.problems[0]).startswith("themes.csv: found no such file")


def test_registries_map_names_to_descriptions(tmp_path: Path) -> None:
    universes = tmp_path / "universes.csv"
    universes.write_text("universe,description\nsp500,S&P 500\ndow30,\n")
    assert read_universe_registry(universes) == {"sp500": "S&P 500", "dow30": ""}
    funds = tmp_path / "funds.csv"
    funds.write_text('etf,name\nSPY,"SPDR S&P 500, the ETF"\n')
    assert read_fund_names(funds) == {"SPY": "SPDR S&P 500, the ETF"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\nsp500\n", "universes.csv:1: found 'name', expected the header universe,description"),
        ("universe,description\nSP500,x\n", "universes.csv:2: found 'SP500' as universe"),
        ("universe,description\nsp500,x\nsp500,y\n", "universes.csv:3: found 'sp500' again"),
        ("universe,description\nsp500\n", "universes.csv:2: found 1 cell, expected 2"),
        ("", "universes.csv: found an empty file"),
    ],
)
def test_a_malformed_registry_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "universes.csv"
    path.write_text(content)
    with pytest.raises(BadInputError) as caught:
        read_universe_registry(path)
    assert str(caught.value).startswith(message)
