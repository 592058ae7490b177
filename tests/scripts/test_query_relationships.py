"""query_relationships.py as the person at the terminal meets it: what it prints, its documents, its statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import uri_with_password
from tests.put import put_group, put_sector
from tests.stored import query
from tickstock.db import Connection, Database
from tickstock.settings import REPOSITORY

Script = Callable[..., int]
Ask = Callable[..., str]

SEED_ETFS = ["DIA", "IWB", "IWV", "QQQ", "SCHG", "SPY", "VOO", "VTI", "VUG", "XLK"]
QUESTIONS = [
    ["--stock", "AAPL"],
    ["--etf", "EDOW"],
    ["--sector", "information_technology"],
    ["--theme", "crypto_miners"],
    ["--universe", "dow30"],
    ["--stats"],
    ["--where", "AAPL"],
    ["--overlap", "EDOW", "DIA"],
]


@pytest.fixture
def market(witness: Connection) -> Connection:
    put_group(witness, "ETF", "EDOW", {"AAPL": "3.333333", "MSFT": "10", "BRK.B": "2"}, "Equal Dow ETF")
    put_group(witness, "ETF", "DIA", {"AAPL": None, "BRK.B": None})
    put_group(witness, "THEME", "crypto_miners", ["RIOT"], "Miners")
    put_group(witness, "UNIVERSE", "dow30", ["AAPL"], "Dow 30")
    put_group(witness, "UNIVERSE", "sp500", ["AAPL"])
    put_sector(
        witness, "AAPL", "information_technology", name="Apple Inc.", industry="Software", source="classification",
        confidence="high", reason="listed in stock_classification.csv",
        conflicts=[{"sector": "financials", "source": "issuer_file", "origin": "IVV_holdings.csv"}],
    )  # fmt: skip
    put_sector(witness, "MSFT", "information_technology", name="Microsoft Corporation")
    put_sector(witness, "RIOT", "unknown", source="unclassified")
    return witness


@pytest.fixture
def ask(script: Script, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask, expect an answer and no remark, give what stands on stdout."""

    def run(*arguments: str | Path) -> str:
        capsys.readouterr()
        assert script("query_relationships", *arguments) == 0
        output = capsys.readouterr()
        assert output.err == ""
        return output.out

    return run


@pytest.fixture
def document(ask: Ask) -> Callable[..., Any]:
    """Ask for JSON; nothing else may stand on stdout."""
    return lambda *arguments: json.loads(ask(*arguments, "--json"))


def test_the_command_lines_of_the_guide_work_as_printed(script: Script, ask: Ask) -> None:
    assert script("load_etf_holdings") == 0
    assert script("organize_universe") == 0
    for command in (
        "--stock AAPL",
        "--etf SPY",
        "--sector information_technology",
        "--theme crypto_miners",
        "--stats",
        "--stock AAPL --json",
    ):
        assert ask(*command.split())


def test_a_stock_is_printed_as_in_the_guide(ask: Ask, witness: Connection) -> None:
    for etf in SEED_ETFS:
        put_group(witness, "ETF", etf, ["AAPL"])
    put_sector(witness, "AAPL", "information_technology", name="Apple Inc.", industry="Software")
    assert ask("--stock", "AAPL").splitlines() == [
        "Stock: AAPL - Apple Inc.",
        "Sector: information_technology",
        "Industry: Software",
        "",
        "Member of 10 ETFs:",
        "  - DIA",
        "  - IWB",
        "  - IWV",
        "  - QQQ",
        "  - SCHG",
        "  - SPY",
        "  - VOO",
        "  - VTI",
        "  - VUG",
        "  - XLK",
    ]


def test_a_stock_with_weights_universes_and_evidence(ask: Ask, market: Connection) -> None:
    assert ask("--stock", "AAPL", "--verbose").splitlines() == [
        "Stock: AAPL - Apple Inc.",
        "Sector: information_technology",
        "Industry: Software",
        "",
        "Evidence:",
        "  source      classification",
        "  confidence  high",
        "  reason      listed in stock_classification.csv",
        "  conflict    financials (issuer_file, IVV_holdings.csv)",
        "",
        "Member of 2 ETFs:",
        "  - DIA",
        "  - EDOW     3.333333 %",
        "",
        "Member of 2 universes:",
        "  - dow30",
        "  - sp500",
    ]


def test_a_stock_that_nobody_described(ask: Ask, market: Connection) -> None:
    assert ask("--stock", "RIOT").splitlines() == [
        "Stock: RIOT", "Sector: unknown", "Industry: Unknown", "",
        "Member of 0 ETFs", "", "Member of 1 theme:", "  - crypto_miners",
    ]  # fmt: skip
    assert ask("--stock", "brk-b").splitlines()[:3] == ["Stock: BRK.B", "Sector: unassigned", "Industry: Unknown"]


def test_the_document_of_a_stock(document: Callable[..., Any], market: Connection) -> None:
    assert document("--stock", "AAPL") == {
        "symbol": "AAPL",
        "name": "Apple Inc.",
        "sector": "information_technology",
        "other_sectors": [],
        "industry": "Software",
        "etfs": [{"etf": "DIA", "weight": None}, {"etf": "EDOW", "weight": 3.333333}],
        "themes": [],
        "universes": ["dow30", "sp500"],
        "evidence": {
            "source": "classification",
            "confidence": "high",
            "reason": "listed in stock_classification.csv",
            "conflicts": [{"sector": "financials", "source": "issuer_file", "origin": "IVV_holdings.csv"}],
        },
    }
    assert document("--stock", "BRK.B") == {
        "symbol": "BRK.B", "name": None, "sector": None, "other_sectors": [], "industry": None,
        "etfs": [{"etf": "DIA", "weight": None}, {"etf": "EDOW", "weight": 2.0}], "themes": [], "universes": [],
        "evidence": {"source": None, "confidence": None, "reason": None, "conflicts": []},
    }  # fmt: skip


ISHARES = """iShares Core S&P 500 ETF
Fund Holdings as of,"Nov 18, 2025"
\u00a0
Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price
"AAPL","APPLE INC","Information Technology","Equity","60","60.00","60","1","1"
"JPM","JPMORGAN CHASE & CO","Financials","Equity","39.9","39.90","39.9","1","1"
"""


def test_a_fund_tells_its_file_and_date(
    script: Script, ask: Ask, document: Callable[..., Any], tmp_path: Path, witness: Connection
) -> None:
    (tmp_path / "IVV_holdings.csv").write_text(ISHARES, encoding="utf-8")
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    ((load, loaded),) = query(witness, "SELECT id, committed_at AT TIME ZONE 'UTC' FROM load_runs WHERE type = 'ETF'")
    lines = ask("--etf", "ivv").splitlines()
    assert lines[1:4] == [
        "2 holdings, weights sum to 99.90 %",
        f"as of 2025-11-18, loaded {loaded:%Y-%m-%d %H:%M} UTC from IVV_holdings.csv (load {load})",
        "",
    ]
    assert [line.split()[:2] for line in lines[5:]] == [["AAPL", "60.000000"], ["JPM", "39.900000"]]
    found = document("--etf", "IVV")
    assert (found["as_of"], found["load_id"], found["weight_sum"]) == ("2025-11-18", load, 99.9)
    assert found["file"] == str(tmp_path / "IVV_holdings.csv")
    assert found["loaded_at"] == loaded.isoformat() + "+00:00"
    (tmp_path / "IVV_holdings.csv").write_text(ISHARES.replace("Nov 18", "Nov 25"), encoding="utf-8")
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    assert document("--etf", "IVV")["as_of"] == "2025-11-25"


def test_a_fund_without_weights_and_one_without_a_file(script: Script, ask: Ask, market: Connection) -> None:
    assert ask("--etf", "DIA").splitlines() == [
        "ETF: DIA", "2 holdings, no weights", "",
        "symbol  weight %  name        sector",
        "AAPL              Apple Inc.  information_technology",
        "BRK.B",
    ]  # fmt: skip


def test_the_document_of_a_fund(document: Callable[..., Any], market: Connection) -> None:
    assert document("--etf", "EDOW") == {
        "etf": "EDOW", "name": "Equal Dow ETF", "count": 3, "weighted": 3, "weight_sum": 15.333333,
        "as_of": None, "loaded_at": None, "load_id": None, "file": None,
        "holdings": [
            {"symbol": "MSFT", "weight": 10.0, "name": "Microsoft Corporation", "sector": "information_technology"},
            {"symbol": "AAPL", "weight": 3.333333, "name": "Apple Inc.", "sector": "information_technology"},
            {"symbol": "BRK.B", "weight": 2.0, "name": None, "sector": None},
        ],
    }  # fmt: skip


def test_a_sector_in_words_and_as_a_document(ask: Ask, document: Callable[..., Any], market: Connection) -> None:
    assert ask("--sector", "Technology").splitlines() == [
        "Sector: information_technology - Information Technology",
        "Industries: Communications Equipment; Electronic Equipment, Instruments & Components; IT Services; "
        "Semiconductors & Semiconductor Equipment; Software; Technology Hardware, Storage & Peripherals",
        "2 members",
        "",
        "symbol  name                   industry  source          confidence",
        "AAPL    Apple Inc.             Software  classification  high",
        "MSFT    Microsoft Corporation            by hand",
    ]
    assert document("--sector", "unknown") == {
        "sector": "unknown", "description": "Unclassified Stocks", "industries": ["Unknown"], "count": 1,
        "members": [
            {"symbol": "RIOT", "name": None, "industry": None, "source": "unclassified", "confidence": None}
        ],
    }  # fmt: skip


def test_a_theme_and_a_universe(ask: Ask, document: Callable[..., Any], market: Connection) -> None:
    assert ask("--theme", "Crypto_Miners").splitlines() == [
        "Theme: crypto_miners - Miners", "1 member", "", "symbol  name  sector", "RIOT          unknown",
    ]  # fmt: skip
    assert ask("--universe", "sp500").splitlines()[:2] == ["Universe: sp500", "1 member"]
    assert document("--theme", "crypto_miners") == {
        "theme": "crypto_miners", "description": "Miners", "count": 1,
        "members": [{"symbol": "RIOT", "name": None, "sector": "unknown"}],
    }  # fmt: skip
    assert document("--universe", "dow30") == {
        "universe": "dow30", "description": "Dow 30", "count": 1,
        "members": [{"symbol": "AAPL", "name": "Apple Inc.", "sector": "information_technology"}],
    }  # fmt: skip


def test_the_statistics(ask: Ask, document: Callable[..., Any], market: Connection) -> None:
    assert ask("--stats").splitlines()[:20] == [
        "etfs                   2",
        "universes              2",
        "sectors               12",
        "themes                 1",
        "stocks                 4",
        "relationships         11",
        "  ETF                  5",
        "  SECTOR               3",
        "  THEME                1",
        "  UNIVERSE             2",
        "",
        # 13.333333 of 15.333333 in AAPL and MSFT
        "sector coverage  stocks  % of stocks  % of weight",
        "classified            2        50.00        86.96",
        "unknown               1        25.00         0.00",
        "unassigned            1        25.00        13.04",
        "",
        "sector                  stocks  % of stocks",
        "information_technology       2        50.00",
        "unknown                      1        25.00",
        "communication_services       0         0.00",
    ]
    found = document("--stats")
    sectors = found.pop("stocks_by_sector")
    coverage = found.pop("sector_coverage")
    assert found == {
        "etfs": 2, "universes": 2, "sectors": 12, "themes": 1, "stocks": 4, "relationships": 11,
        "relationships_by_type": {"ETF": 5, "SECTOR": 3, "THEME": 1, "UNIVERSE": 2},
    }  # fmt: skip
    assert coverage["unknown"] == {"stocks": 1, "percent": 25.0, "weight_percent": 0.0}
    assert list(coverage) == ["classified", "unknown", "unassigned"]
    assert len(sectors) == 12
    assert sectors[0] == {
        "sector": "information_technology", "description": "Information Technology", "stocks": 2, "percent": 50.0,
    }  # fmt: skip


def test_who_holds_a_stock(ask: Ask, document: Callable[..., Any], market: Connection) -> None:
    assert ask("--where", "AAPL").splitlines() == [
        "AAPL - Apple Inc.", "Held by 2 ETFs:", "  - EDOW  3.333333 %  Equal Dow ETF", "  - DIA",
    ]  # fmt: skip
    assert ask("--where", "AAPL", "--min-weight", "5").splitlines() == [
        "AAPL - Apple Inc.", "Held by 0 ETFs with at least 5 %", "1 more ETF with less",
        "1 more ETF without a known weight",
    ]  # fmt: skip
    assert document("--where", "AAPL", "--min-weight", "3.333333%") == {
        "symbol": "AAPL", "name": "Apple Inc.", "min_weight": 3.333333,
        "etfs": [{"etf": "EDOW", "name": "Equal Dow ETF", "weight": 3.333333}], "below": 0, "unweighted": 1,
    }  # fmt: skip


def test_the_overlap_of_funds(ask: Ask, document: Callable[..., Any], market: Connection) -> None:
    put_group(market, "ETF", "QQQ", {"AAPL": "8", "MSFT": "9.5"})
    assert ask("--overlap", "EDOW", "QQQ", "DIA").splitlines()[:12] == [
        "EDOW - Equal Dow ETF: 3 holdings, weights sum to 15.33 %",
        "QQQ: 2 holdings, weights sum to 17.50 %",
        "DIA: 2 holdings, no weights",
        "",
        "EDOW and QQQ: 2 in common",
        "  by count   66.67 % of EDOW, 100.00 % of QQQ",
        "  by weight  12.83 %",
        "  symbol     EDOW %     QQQ %  name",
        "  MSFT    10.000000  9.500000  Microsoft Corporation",
        "  AAPL     3.333333  8.000000  Apple Inc.",
        "",
        "EDOW and DIA: 2 in common",
    ]
    assert "  by weight  unknown: DIA has no weights" in ask("--overlap", "EDOW", "DIA")
    assert document("--overlap", "EDOW", "QQQ") == {
        "funds": [
            {"etf": "EDOW", "name": "Equal Dow ETF", "holdings": 3, "weighted": 3, "weight_sum": 15.333333},
            {"etf": "QQQ", "name": None, "holdings": 2, "weighted": 2, "weight_sum": 17.5},
        ],
        "pairs": [
            {
                "etfs": ["EDOW", "QQQ"],
                "count": 2,
                "percent_of_holdings": {"EDOW": pytest.approx(200 / 3), "QQQ": 100.0},
                "weight": 12.833333,
                "common": [
                    {"symbol": "MSFT", "name": "Microsoft Corporation", "weights": {"EDOW": 10.0, "QQQ": 9.5},
                     "shared": 9.5},
                    {"symbol": "AAPL", "name": "Apple Inc.", "weights": {"EDOW": 3.333333, "QQQ": 8.0},
                     "shared": 3.333333},
                ],
            }
        ],
    }  # fmt: skip


def test_a_long_list_of_common_holdings_is_cut_unless_verbose(ask: Ask, witness: Connection) -> None:
    for etf in ("AA", "BB"):
        put_group(witness, "ETF", etf, {f"S{chr(65 + number)}": str(number) for number in range(12)})
    short, long = ask("--overlap", "AA", "BB"), ask("--overlap", "AA", "BB", "--verbose")
    assert short.splitlines()[-1] == "  … and 2 more (--verbose lists them)"
    assert long.splitlines()[-1].split() == ["SA", "0.000000", "0.000000"]


def test_the_exposure_of_a_portfolio(
    script: Script, ask: Ask, document: Callable[..., Any], market: Connection, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "portfolio.csv"
    path.write_text("symbol,value\nEDOW,1000\nAAPL,500\nDIA,400\nZZZZ,100\n")
    # Of 2000: EDOW is MSFT 100, AAPL 33.33333, BRK.B 20, and 846.66667 that its weights do not tell.
    assert ask("--exposure", path).splitlines() == [
        "Portfolio: portfolio.csv, 4 positions",
        "Traced to stocks: 32.67 %",
        "Not traced: 67.33 %",
        "  - EDOW  42.33 %  846.67  cash, or holdings without a weight",
        "  - DIA   20.00 %  400.00  fund without weights",
        "  - ZZZZ   5.00 %  100.00  unknown symbol",
        "",
        "sector                      %",
        "information_technology  31.67",
        "unassigned               1.00",
        "",
        "symbol      %  name                   through",
        "AAPL    26.67  Apple Inc.             AAPL 25.00, EDOW 1.67",
        "MSFT     5.00  Microsoft Corporation  EDOW 5.00",
        "BRK.B    1.00                         EDOW 1.00",
    ]
    path.write_text("symbol,weight\nEDOW,40\nAAPL,10\n")
    assert script("query_relationships", "--exposure", path, "--json") == 0
    output = capsys.readouterr()
    remark = "portfolio.csv: the weights sum to 50 %, not 100; taken as shares of that sum"
    assert output.err.splitlines() == [remark]
    assert json.loads(output.out) == {
        "portfolio": "portfolio.csv",
        "basis": "weight",
        "sum": 50.0,
        "traced_percent": 32.266666,
        "untraced_percent": 67.733334,
        "positions": [
            {"symbol": "EDOW", "kind": "fund", "percent": 80.0, "value": None},
            {"symbol": "AAPL", "kind": "stock", "percent": 20.0, "value": None},
        ],
        "stocks": [
            {"symbol": "AAPL", "name": "Apple Inc.", "sector": "information_technology", "percent": 22.666666,
             "through": [{"symbol": "AAPL", "percent": 20.0}, {"symbol": "EDOW", "percent": 2.666666}]},
            {"symbol": "MSFT", "name": "Microsoft Corporation", "sector": "information_technology", "percent": 8.0,
             "through": [{"symbol": "EDOW", "percent": 8.0}]},
            {"symbol": "BRK.B", "name": None, "sector": None, "percent": 1.6,
             "through": [{"symbol": "EDOW", "percent": 1.6}]},
        ],
        "sectors": [
            {"sector": "information_technology", "percent": 30.666666},
            {"sector": None, "percent": 1.6},
        ],
        "untraced": [
            {"symbol": "EDOW", "position": "EDOW", "reason": "cash, or holdings without a weight",
             "percent": 67.733334, "value": None},
        ],
        "remarks": [remark],
    }  # fmt: skip


def test_a_portfolio_of_nothing_known_is_answered_all_the_same(ask: Ask, market: Connection, tmp_path: Path) -> None:
    path = tmp_path / "portfolio.csv"
    path.write_text("symbol,value\nDIA,1\nZZZZ,1\n")
    assert ask("--exposure", path).splitlines() == [
        "Portfolio: portfolio.csv, 2 positions", "Traced to stocks: 0.00 %", "Not traced: 100.00 %",
        "  - DIA   50.00 %  1.00  fund without weights", "  - ZZZZ  50.00 %  1.00  unknown symbol",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--stock", "APPL"], 1, "error: no stock 'APPL' in DEFAULT; nearest: AAPL; --stats counts what is loaded"),
        (["--stock", "DIA"], 1, "error: no stock 'DIA' in DEFAULT; DIA is an ETF: --etf DIA"),
        (["--stock", "AAPL", "--environment", "TEST"], 1, "--environment TEST"),
        (["--where", "ZZZZ"], 1, "error: no stock 'ZZZZ' in DEFAULT, and none is near"),
        (["--overlap", "EDOW"], 2, "error: --overlap compares funds with each other; found 1, expected at least 2"),
        (["--overlap"], 2, "expected at least one argument"),
        (["--exposure", "/no/such/file.csv"], 1, "error: file.csv: found no such file"),
        (["--stock", "AAPL", "--min-weight", "5"], 2, "error: --min-weight goes with --where alone"),
        (["--where", "AAPL", "--min-weight", "much"], 2, "found 'much', expected a number in percent"),
        (["--where", "AAPL", "--min-weight", "inf"], 2, "found 'inf', expected a number in percent"),
        (["--stock", "AAPL", "--etf", "EDOW"], 2, "not allowed with argument --stock"),
        ([], 2, "one of the arguments --stock --etf --sector"),
    ],
)
def test_what_goes_wrong_has_its_status_and_one_line(
    script: Script, market: Connection, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int,
    message: str,
) -> None:  # fmt: skip
    assert script("query_relationships", *arguments) == status
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""
    assert "Traceback" not in output.err
    assert len([line for line in output.err.splitlines() if line.startswith("error:")]) <= 1


def test_an_argument_that_is_no_text_is_no_riddle(
    script: Script, market: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("query_relationships", "--stock", "\udcff") == 1
    assert script("query_relationships", "--theme", "\udcff") == 1
    assert capsys.readouterr().err.startswith("error: no stock '?' in DEFAULT")


def test_an_empty_environment_has_statistics_and_a_remark(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("query_relationships", "--stats", "--environment", "TEST") == 0
    output = capsys.readouterr()
    assert output.out.splitlines()[4:6] == ["stocks                 0", "relationships          0"]
    command = "python scripts/cache_maintenance/refresh.py weekly --environment TEST"
    assert output.err == f"nothing is loaded; load it: {command}\n"


def test_quiet_answers_with_the_status_alone(
    script: Script, market: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("query_relationships", "--stock", "AAPL", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert script("query_relationships", "--stock", "AAPL", "--quiet", "--json") == 0
    assert json.loads(capsys.readouterr().out)["symbol"] == "AAPL"


def test_help_has_an_example_of_every_question(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("query_relationships", "--help") == 0
    shown = capsys.readouterr().out
    examples = shown[shown.index("examples:") :]
    for option in ("stock", "etf", "sector", "theme", "universe", "stats", "where", "overlap", "exposure"):
        assert f"query_relationships.py --{option}" in examples


EVIL = "a\x1b[31m\x07\r\nb\u202e\u2028c\x9b2J"


def test_stored_text_does_not_command_the_terminal(
    script: Script, witness: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_group(witness, "ETF", f"E{EVIL}", {"AAPL": "115", f"S{EVIL}": "5"}, EVIL)
    put_group(witness, "ETF", "AA", {"AAPL": "5", f"S{EVIL}": None, f"E{EVIL}": "1"}, EVIL)
    put_group(witness, "THEME", f"T{EVIL}", ["AAPL"], EVIL)
    put_group(witness, "UNIVERSE", "dow30", ["AAPL"], EVIL)
    conflicts = [{"sector": EVIL, "source": EVIL, "origin": EVIL}, EVIL]
    for symbol in ("AAPL", f"S{EVIL}"):
        put_sector(witness, symbol, "energy", name=EVIL, industry=EVIL, source=EVIL, reason=EVIL, confidence=EVIL,
                   conflicts=conflicts)  # fmt: skip
    path = tmp_path / f"p{EVIL.replace('/', '')}.csv"
    path.write_text(f'symbol,value\nAA,1\n"Z{EVIL.replace(chr(13), "").replace(chr(10), "")}",1\n', encoding="utf-8")
    questions = [
        ["--stock", "AAPL"], ["--etf", "AA"], ["--sector", "energy"], ["--theme", f"T{EVIL}"], ["--universe", "dow30"],
        ["--stats"], ["--where", "AAPL"], ["--overlap", "AA", f"E{EVIL}"], ["--exposure", str(path)],
        ["--stock", f"X{EVIL}"], ["--theme", f"E{EVIL}"], ["--theme", "zzz"], ["--etf", f"E{EVIL}x"],
    ]  # fmt: skip
    statuses = [script("query_relationships", *question, "--verbose") for question in questions]
    assert statuses == [0] * 9 + [1] * 4
    output = capsys.readouterr()
    assert "a�[31m�  b� c�2J" in output.out
    assert "the weights of Ea�[31m�  b� c�2J sum to 120.00 %; scaled to 100" in output.err
    shown = output.out + output.err
    assert [each for each in shown if not each.isprintable() and each != "\n"] == []


def test_a_stock_needs_no_heavy_module(database: Database, market: Connection) -> None:
    code = """
import runpy, sys
heavy = {"difflib", "tabulate", "pandas", "sqlalchemy", "csv", "tickstock.symbols", "tickstock.sources", "psycopg2"}
try:
    runpy.run_path("scripts/cache_maintenance/query_relationships.py", run_name="__main__")
except SystemExit as end:
    print(end.code, *sorted(heavy & set(sys.modules)))
"""
    environment = {**os.environ, "DATABASE_URI": uri_with_password(database)}

    def modules(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()[-1]

    assert modules("--stock", "AAPL") == "0 psycopg2"
    assert modules("--help") == "0"


def test_a_group_is_found_whatever_its_case_and_signs(
    script: Script, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    put_group(connection, "THEME", "crypto_miners", {"MARA": None})
    for name in ("Crypto Miners", "crypto-miners", "cryptominers"):
        assert script("query_relationships", "--theme", name) == 0
        assert capsys.readouterr().out.startswith("Theme: crypto_miners")
    assert script("query_relationships", "--theme", "&") == 1


def test_cash_in_a_portfolio_is_cash(
    script: Script, connection: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ticker CASH is a small bank's; no broker's list means it."""
    put_group(connection, "ETF", "IJR", {"CASH": "100"})
    (tmp_path / "p.csv").write_text("symbol,weight\nIJR,60\nCash,20\nUSD,20\n")
    assert script("query_relationships", "--exposure", tmp_path / "p.csv", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["traced_percent"], document["untraced_percent"]) == (60.0, 40.0)
    assert [(part["reason"], part["percent"]) for part in document["untraced"]] == [("cash", 20.0), ("cash", 20.0)]


def test_a_negative_least_weight_is_a_usage_error(script: Script) -> None:
    assert script("query_relationships", "--where", "AAPL", "--min-weight", "-1") == 2
