"""The loader scripts as the person at the terminal meets them: every printed command line, and every exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund, write_universe
from tests.stored import everything, members, query
from tickstock.db import Connection

Script = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_fund(tmp_path, "SPY", {"AAPL": "60", "MSFT": "40"})
    write_fund(tmp_path, "VOO", {"AAPL": "60.5", "MSFT": "39.5"})
    write_universe(tmp_path, "dow30", ["AAPL", "MSFT"])
    return tmp_path


# Every command line that the original guide prints for these scripts.
@pytest.mark.parametrize(
    "command",
    [
        "load_etf_holdings --mode full",
        "load_etf_holdings --mode incremental",
        "load_etf_holdings --dry-run",
        "load_etf_holdings",
        "load_etf_holdings --rebuild",
        "load_etf_holdings --etf SPY",
        "load_universes --mode full",
        "load_universes --mode incremental",
        "load_universes --mode dry-run",
        "organize_sectors_industries",
        "organize_sectors_industries --dry-run",
        "organize_universe",
        "organize_universe --dry-run",
        "build_stock_metadata",
        "build_stock_metadata --rebuild",
        "build_stock_metadata --dry-run",
        "enrich_sectors --mode full",
        "enrich_sectors --mode incremental",
        "enrich_sectors --mode dry-run",
    ],
)
def test_the_command_lines_of_the_guide_work_as_printed(script: Script, command: str) -> None:
    name, *arguments = command.split()
    assert script(name, *arguments) == 0


def test_dry_run_speaks_the_guides_lines_and_then_counts(
    script: Script, folder: Path, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY")
    write_fund(folder, "SPY", {"AAPL": "61", "MSFT": "39"})
    before = everything(witness)
    capsys.readouterr()
    assert script("load_etf_holdings", "--holdings-dir", folder, "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "[DRY RUN] Would load ETF: SPY (2 holdings)",
        "[DRY RUN] Would load ETF: VOO (2 holdings)",
        "[DRY RUN] Would create 2 new relationships",
        "[DRY RUN] Would update 2 existing relationships",
        "[DRY RUN] No changes written to database",
        "group     added   changed   removed unchanged      kept",
        "SPY           0         2         0         0         0",
        "VOO           2         0         0         0         0  new",
        "total         2         2         0         0         0",
    ]
    assert everything(witness) == before


def test_verbose_lists_every_row(script: Script, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY")
    write_fund(folder, "SPY", {"AAPL": "61", "NVDA": "39"})
    capsys.readouterr()
    script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY", "--dry-run", "--verbose")
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "  SPY AAPL     changed  60.000000 -> 61.000000",
        "  SPY MSFT     removed  40.000000",
        "  SPY NVDA     added    39.000000",
    ]


def test_json_is_one_document_on_stdout(script: Script, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY", "--json", "--verbose") == 0
    result = json.loads(capsys.readouterr().out)
    assert result.pop("load_id") > 0
    assert result == {
        "type": "ETF",
        "environment": "DEFAULT",
        "mode": "full",
        "dry_run": False,
        "totals": {"added": 2, "changed": 0, "removed": 0, "unchanged": 0, "kept": 0},
        "entered": 2,
        "groups": [
            {
                "name": "SPY", "action": "added", "read": True, "members": 2, "added": 2, "changed": 0, "removed": 0,
                "unchanged": 0, "kept": 0, "missing": 0, "put_back": 0,
            }
        ],
        "files": [
            {
                "group": "SPY", "path": str(folder / "spy_holdings.csv"), "format": "plain", "as_of": None, "rows": 2,
                # printf 'symbol,weight\nAAPL,60\nMSFT,40\n' | md5sum
                "checksum": "43e161ebc5eb85d13a5cde99eb7647d6", "members": 2, "split_off": {},
            }
        ],
        "warnings": [],
        "refusals": [],
        "overridden": [],
        "rows": [
            {"group": "SPY", "symbol": "AAPL", "action": "added", "old_weight": None, "new_weight": 60.0,
             "by_hand": False},
            {"group": "SPY", "symbol": "MSFT", "action": "added", "old_weight": None, "new_weight": 40.0,
             "by_hand": False},
        ],
    }  # fmt: skip


ISHARES = """iShares Core S&P 500 ETF
Fund Holdings as of,"Nov 18, 2025"
\u00a0
Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price
"AAPL","APPLE INC","Information Technology","Equity","60","60.00","60","1","1"
"JPM","JPMORGAN CHASE & CO","Financials","Equity","39.9","39.90","39.9","1","1"
"JPM","CASH COLLATERAL USD JPM","Cash and/or Derivatives","Cash Collateral and Margins","1","0.00","1","1","1"
"XTSLA","BLK CSH FND TREASURY SL AGENCY","Cash and/or Derivatives","Money Market","1","0.08","1","1","1"
"ESZ5","S&P500 EMINI DEC 25","Cash and/or Derivatives","Futures","0","0.00","1","1","1"
"""


def test_every_line_of_an_issuers_file_is_accounted_for(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    (tmp_path / "IVV_holdings.csv").write_text(ISHARES, encoding="utf-8")
    assert script("load_etf_holdings", "--holdings-dir", tmp_path, "--verbose") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1:6] == [
        "IVV           2         0         0         0         0  as of 2025-11-18, new",
        "total         2         0         0         0         0",
        "IVV: 3 of 5 lines are no stock: 1 cash collateral, 1 cash, 1 future",
        "  IVV_holdings.csv:7 JPM CASH COLLATERAL USD JPM (cash collateral)",
        "  IVV_holdings.csv:8 XTSLA BLK CSH FND TREASURY SL AGENCY (cash)",
    ]
    assert members(witness, "IVV") == {"AAPL": "60.000000", "JPM": "39.900000"}
    assert query(witness, "SELECT rows, members, split_off, as_of::text FROM load_files") == [
        (5, 2, {"cash": 1, "future": 1, "cash collateral": 1}, "2025-11-18")
    ]


def test_quiet_prints_nothing(script: Script, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("load_etf_holdings", "--holdings-dir", folder, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_environments_do_not_touch_each_other(script: Script, folder: Path, witness: Connection) -> None:
    assert script("load_etf_holdings", "--holdings-dir", folder) == 0
    assert script("load_etf_holdings", "--holdings-dir", folder, "--environment", "TEST", "--etf", "SPY") == 0
    assert query(
        witness, "SELECT environment, type, count(*) FROM definition_groups GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [("DEFAULT", "ETF", 2), ("DEFAULT", "SECTOR", 12), ("TEST", "ETF", 1), ("TEST", "SECTOR", 12)]


def test_universes_without_a_file_are_reported_as_missing(
    script: Script, folder: Path, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    assert script("load_universes", "--holdings-dir", folder) == 0
    assert "russell3000.csv" in capsys.readouterr().err
    assert members(witness, "dow30", "UNIVERSE") == {"AAPL": None, "MSFT": None}
    assert query(witness, "SELECT count(*) FROM definition_groups WHERE name = 'russell3000'") == [(0,)]


def test_the_shipped_themes_and_sectors(script: Script, witness: Connection) -> None:
    assert script("organize_universe") == 0
    assert script("organize_sectors_industries") == 0
    assert query(witness, "SELECT type, count(*) FROM definition_groups GROUP BY 1 ORDER BY 1") == [
        ("SECTOR", 12),
        ("THEME", 20),
    ]
    assert len(members(witness, "crypto_miners", "THEME")) == 9


def test_a_sector_that_was_edited_is_put_right(script: Script, witness: Connection) -> None:
    query(witness, "UPDATE definition_groups SET description = 'x', metadata = '{}' WHERE name = 'energy'")
    query(witness, "DELETE FROM definition_groups WHERE name = 'utilities'")
    assert script("organize_sectors_industries") == 0
    assert query(
        witness,
        "SELECT name, description, jsonb_array_length(metadata -> 'industries') FROM definition_groups"
        " WHERE name IN ('energy', 'utilities') ORDER BY 1",
    ) == [("energy", "Energy", 2), ("utilities", "Utilities", 5)]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--mode", "sideways"], 2, "invalid choice: 'sideways'"),
        (["--environment", "DEVELOPMENT"], 2, "has 11 characters, expected 1 to 10"),
        (["--nonsense"], 2, "unrecognized arguments: --nonsense"),
        (["--holdings-dir", "/no/such/folder"], 1, "error: /no/such/folder: found no such folder"),
        (["--etf", "IWM"], 1, "found no file for IWM, expected iwm_holdings.csv"),
    ],
)
def test_what_goes_wrong_has_its_status_and_one_line(
    script: Script, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    assert script("load_etf_holdings", *arguments) == status
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert len([line for line in error.splitlines() if line.startswith("error:")]) <= 1


def test_a_guard_is_status_3_also_in_a_dry_run(
    script: Script, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fund(folder, "SPY", {"AAPL": "50"})
    assert script("load_etf_holdings", "--holdings-dir", folder) == 3
    assert script("load_etf_holdings", "--holdings-dir", folder, "--dry-run") == 3
    output = capsys.readouterr()
    assert "SPY: the weights of spy_holdings.csv sum to 50.00 %, expected 80 to 120" in output.err
    assert "Would load ETF: SPY (1 holdings)" in output.out
    assert script("load_etf_holdings", "--holdings-dir", folder, "--force", "SPY") == 0
    assert "forced: SPY: the weights" in capsys.readouterr().err


def test_kept_rows_are_listed_with_what_the_file_says(
    script: Script, folder: Path, capsys: pytest.CaptureFixture[str], witness: Connection
) -> None:
    script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY")
    query(witness, "UPDATE group_memberships SET weight = 61 WHERE symbol = 'AAPL'")
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'MSFT'")
    query(
        witness,
        "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'TSLA' FROM definition_groups WHERE name = 'SPY'",
    )
    capsys.readouterr()
    for _ in range(2):
        assert script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY", "--mode", "incremental") == 0
        assert capsys.readouterr().out.splitlines()[3:7] == [
            "kept by hand: 3 (--mode full puts them back to the file)",
            "  SPY AAPL     kept     61.000000 (the file says 60.000000)",
            "  SPY MSFT     kept     deleted (the file says 40.000000)",
            "  SPY TSLA     kept     stored (not in the file)",
        ]


def test_enrich_says_how_much_is_classified_and_from_what(
    script: Script, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "stock_classification.csv").write_text("symbol,sector,industry\nMSFT,Technology,Software\n")
    write_fund(folder, "SPY", {"AAPL": "50", "MSFT": "30", "QQQX": "20"})
    script("load_etf_holdings", "--holdings-dir", folder, "--etf", "SPY")
    assert "3 new stock(s) entered the sector unknown" in capsys.readouterr().out
    assert script("enrich_sectors", "--holdings-dir", folder, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "[DRY RUN] Would load SECTOR: information_technology (2 members)" in lines
    assert "3 stocks: 2 classified (66.67%), 1 unknown" in lines
    assert "by source: classification 1, symbol_rule 1, unclassified 1" in lines
    assert script("enrich_sectors", "--holdings-dir", folder, "--dry-run", "--verbose") == 0
    assert "  information_technology MSFT     added    listed in stock_classification.csv" in capsys.readouterr().out
    assert script("enrich_sectors", "--holdings-dir", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["coverage"] == {
        "stocks": 3, "classified": 2, "unknown": 1, "conflicts": 0,
        "sources": {"classification": 1, "symbol_rule": 1, "unclassified": 1},
    }  # fmt: skip


def test_enrich_takes_files_of_other_names(
    script: Script,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    witness: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("load_etf_holdings", "--holdings-dir", folder)
    one, two = tmp_path / "list.csv", tmp_path / "mine.csv"
    one.write_text("symbol,sector,industry,market_cap\nAAPL,Healthcare,Biotechnology,1\nMSFT,Energy,,2\n")
    two.write_text("ticker,sector\nMSFT,Financial Services\n")
    arguments = ("--holdings-dir", folder, "--classification", one, "--overrides", two)
    assert script("enrich_sectors", *arguments) == 0
    assert query(witness, "SELECT symbol, sector, source FROM stock_sectors ORDER BY 1") == [
        ("AAPL", "health_care", "classification"),
        ("MSFT", "financials", "override"),
    ]
    # What is put on record, and warned of when it changes, is the whole path.
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert script("enrich_sectors", *arguments[:2], "--classification", one.name, "--overrides", two.name) == 0
    assert "the last run classified from" not in capsys.readouterr().err
    assert script("enrich_sectors", "--classification", tmp_path / "none.csv") == 1
    assert "none.csv: found no such file" in capsys.readouterr().err


COMMON_QUERIES = {
    # As the original guide prints them.
    """SELECT gm.symbol
       FROM group_memberships gm
       JOIN definition_groups dg ON gm.group_id = dg.id
       WHERE dg.name = 'SPY' AND dg.type = 'ETF' AND dg.environment = 'DEFAULT'
       ORDER BY gm.symbol;""": [("AAPL",), ("MSFT",)],
    """SELECT dg.name
       FROM group_memberships gm
       JOIN definition_groups dg ON gm.group_id = dg.id
       WHERE gm.symbol = 'AAPL' AND dg.type = 'ETF'
       ORDER BY dg.name;""": [("SPY",), ("VOO",)],
    """SELECT dg.name, COUNT(DISTINCT gm.symbol)
       FROM definition_groups dg
       JOIN group_memberships gm ON dg.id = gm.group_id
       WHERE dg.type = 'SECTOR' AND dg.environment = 'DEFAULT'
       GROUP BY dg.name
       ORDER BY count DESC;""": [("information_technology", 2)],
}


@pytest.mark.parametrize("sql", COMMON_QUERIES)
def test_the_guides_queries_return_the_right_rows(script: Script, folder: Path, witness: Connection, sql: str) -> None:
    script("load_etf_holdings", "--holdings-dir", folder)
    query(
        witness,
        "UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups"
        " WHERE name = 'information_technology') WHERE metadata ->> 'source' = 'unclassified'",
    )
    assert query(witness, sql) == COMMON_QUERIES[sql]
