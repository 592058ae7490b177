"""The run-book as one command: every step in the guide's order, up to the first failure."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.files import write_fund, write_universe
from tests.stored import everything, members, query
from tickstock.db import Connection

Script = Callable[..., int]
Capture = pytest.CaptureFixture[str]
STEPS = [
    "backup",
    "load_etf_holdings", "load_universes", "organize_sectors_industries", "organize_universe", "enrich_sectors",
    "validate_relationships", "admin cache", "generate_report",
]  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A port of this test's own, on which no admin application answers."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        monkeypatch.setenv("ADMIN_URL", address)
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four stocks in two funds and a universe; the files of sectors and themes come with the suite."""
    result = tmp_path / "holdings"
    result.mkdir()
    write_fund(result, "SPY", {"AAPL": "40", "MSFT": "30", "XOM": "20", "JPM": "10"})
    write_fund(result, "XLE", {"XOM": "100"})
    write_universe(result, "dow30", ["AAPL", "MSFT", "JPM"])
    return result


@pytest.fixture
def refresh(script: Script, folder: Path, tmp_path: Path) -> Script:
    def run(*arguments: str | Path) -> int:
        return script("refresh", *arguments, "--holdings-dir", folder, "--reports", tmp_path / "reports")

    return run


def titles(out: str) -> list[str]:
    return [line.split("] ")[1] for line in out.splitlines() if line.startswith("[") and "/9] " in line[:6]]


@pytest.mark.parametrize("run", ["weekly", "monthly"])
def test_a_run_does_every_step_and_says_what_to_try_next(
    refresh: Script, tmp_path: Path, capsys: Capture, witness: Connection, nobody_listens: str, run: str
) -> None:
    assert refresh(run) == 0
    out, err = capsys.readouterr()
    assert titles(out) == STEPS
    assert "Overall Status:     ✓ PASS" in out
    assert "Try next" in out
    assert f"no admin application answers at {nobody_listens}" in err
    assert dict(query(witness, "SELECT symbol, sector FROM stock_sectors WHERE symbol IN ('AAPL', 'XOM', 'JPM')")) == {
        "AAPL": "information_technology", "XOM": "energy", "JPM": "financials",
    }  # fmt: skip
    assert query(witness, "SELECT reason FROM stock_sectors WHERE symbol = 'XOM'") == [("held by XLE",)]
    suffixes = {"weekly": [".html", ".md"], "monthly": [".html", ".json", ".md"]}[run]
    reports = sorted((tmp_path / "reports").iterdir())
    assert [path.suffix for path in reports] == suffixes
    assert all(path.name.startswith(f"{run}_20") for path in reports)


def test_a_second_run_loads_nothing_and_passes(refresh: Script, capsys: Capture, witness: Connection) -> None:
    refresh("weekly")
    before = everything(witness)
    assert refresh("weekly") == 0
    assert everything(witness) == before


def test_monthly_puts_a_hands_row_back_and_weekly_leaves_it(refresh: Script, witness: Connection) -> None:
    refresh("monthly")
    query(witness, "UPDATE group_memberships SET weight = 41 WHERE symbol = 'AAPL' AND weight = 40")
    assert refresh("weekly") == 0
    assert members(witness, "SPY")["AAPL"] == "41.000000"
    assert refresh("monthly") == 0
    assert members(witness, "SPY")["AAPL"] == "40.000000"


def test_the_first_failure_stops_it_and_says_what_was_done(
    refresh: Script, folder: Path, tmp_path: Path, capsys: Capture, witness: Connection
) -> None:
    refresh("weekly")
    write_fund(folder, "SPY", {"AAPL": "61", "MSFT": "39"})
    (folder / "dow30.csv").write_text("symbol\nAAPL\nnot a symbol!\n")
    capsys.readouterr()
    assert refresh("weekly") == 1
    out, err = capsys.readouterr()
    assert titles(out) == STEPS[:3]
    assert "dow30.csv:3: found" in err
    load = query(witness, "SELECT max(id) FROM load_runs")[0][0]
    assert "stopped at step 3 of 9, load_universes" in err
    assert f"committed so far: load {load}; not done: organize_sectors_industries, " in err
    assert f"    python scripts/cache_maintenance/refresh.py weekly --holdings-dir {folder}" in err.splitlines()
    assert len(members(witness, "SPY")) == 2
    write_universe(folder, "dow30", ["AAPL", "MSFT"])
    assert refresh("weekly") == 0


def test_a_refused_load_ends_it_with_3_and_force_goes_on(
    refresh: Script, folder: Path, capsys: Capture, witness: Connection
) -> None:
    write_fund(folder, "SPY", {"AAPL": "50"})
    assert refresh("weekly") == 3
    out, err = capsys.readouterr()
    assert titles(out) == STEPS[:2]
    assert "SPY: the weights of spy_holdings.csv sum to 50.00 %" in err
    assert "committed so far: nothing" in err
    # The checks go on saying so, whatever force may do.
    assert refresh("weekly", "--force", "SPY") == 1
    assert "validate_relationships" in capsys.readouterr().err


def test_a_failed_check_ends_it_before_the_report(
    refresh: Script, tmp_path: Path, capsys: Capture, witness: Connection
) -> None:
    query(witness, "INSERT INTO definition_groups (name, type) VALUES ('NONE', 'ETF')")
    assert refresh("weekly") == 1
    out, err = capsys.readouterr()
    assert titles(out) == STEPS[:7]
    assert "NONE" in out
    assert "stopped at step 7 of 9, validate_relationships" in err
    assert not (tmp_path / "reports").exists()


def test_a_folder_with_funds_only_is_enough(refresh: Script, folder: Path, capsys: Capture) -> None:
    (folder / "dow30.csv").unlink()
    assert refresh("weekly") == 0
    assert "nothing loaded, what is stored stays" in capsys.readouterr().err


def test_a_dry_run_previews_everything_and_writes_nothing(
    refresh: Script, tmp_path: Path, capsys: Capture, witness: Connection
) -> None:
    before = everything(witness)
    assert refresh("weekly", "--dry-run", "--json") == 0
    preview = json.loads(capsys.readouterr().out)
    assert everything(witness) == before
    assert not (tmp_path / "reports").exists()
    assert [step["step"] for step in preview["steps"]] == STEPS
    assert refresh("weekly", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    for predicted, step in zip(preview["steps"][1:5], done["steps"][1:5], strict=True):
        assert [predicted["totals"][word] for word in ("added", "changed", "removed")] == [
            step["totals"][word] for word in ("added", "changed", "removed")
        ]
    # The sectors of stocks that are not there yet, from funds that are not there yet.
    assert preview["steps"][5]["coverage"] == done["steps"][5]["coverage"]
    assert done["steps"][5]["coverage"]["sources"]["sector_etf"] == 1


def test_a_preview_knows_what_a_sector_spdr_drops_and_takes_up(
    refresh: Script, folder: Path, capsys: Capture, witness: Connection
) -> None:
    refresh("weekly")
    write_fund(folder, "XLE", {"JPM": "50", "NEWX": "50"})
    capsys.readouterr()
    refresh("weekly", "--dry-run", "--json")
    preview = json.loads(capsys.readouterr().out)["steps"][5]["coverage"]
    refresh("weekly", "--json")
    done = json.loads(capsys.readouterr().out)["steps"][5]["coverage"]
    assert preview == done
    assert query(witness, "SELECT symbol, source FROM stock_sectors WHERE sector = 'energy' AND symbol IN"
                          " ('JPM', 'NEWX', 'XOM') ORDER BY 1") == [
        ("JPM", "sector_etf"), ("NEWX", "sector_etf"), ("XOM", "classification"),
    ]  # fmt: skip


def dated(folder: Path, etf: str, day: str, *symbols: str) -> None:
    """A fund of equal weights with a date inside, as ARK writes it."""
    lines = [f'{day},{etf},NAME,{symbol},1,1,"$1",{100 / len(symbols)}%' for symbol in symbols]
    head = "date,fund,company,ticker,cusip,shares,market value ($),weight (%)"
    (folder / f"{etf.lower()}_holdings.csv").write_text("\n".join([head, *lines, ""]))


def test_a_preview_of_the_sectors_is_what_the_run_does_then(refresh: Script, folder: Path, capsys: Capture) -> None:
    """Also for stocks that leave, funds that come or go and are held, and SPDRs with a newer date alone."""

    def preview_and_run() -> None:
        found = []
        for arguments in (["--dry-run"], []):
            refresh("monthly", "--json", "--force", *arguments)
            step = json.loads(capsys.readouterr().out)["steps"][5]
            found.append((step["step"], step["coverage"], step["warnings"]))
        assert found[0] == found[1]

    dated(folder, "XLK", "11/14/2025", "QQA", "QQB")
    dated(folder, "XLC", "11/07/2025", "QQA", "QQC")
    preview_and_run()
    dated(folder, "XLC", "11/21/2025", "QQA", "QQC")
    write_fund(folder, "VOO", {"AAPL": "90", "QQD": "10"})
    write_fund(folder, "SPY", {"AAPL": "40", "MSFT": "30", "VOO": "30"})
    write_universe(folder, "dow30", ["AAPL", "MSFT", "VOO"])
    preview_and_run()
    write_fund(folder, "SPY", {"AAPL": "40", "MSFT": "30", "QQD": "30"})
    write_fund(folder, "XLE", {"QQE": "100"})
    preview_and_run()
    for fund in ("xle", "voo"):
        (folder / f"{fund}_holdings.csv").unlink()
    preview_and_run()


def test_a_failure_of_any_kind_says_where_it_stopped(refresh: Script, capsys: Capture, witness: Connection) -> None:
    query(witness, """
        CREATE FUNCTION no_universe() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.type = 'UNIVERSE' THEN RAISE 'not here'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER no_universe BEFORE INSERT ON definition_groups FOR EACH ROW EXECUTE FUNCTION no_universe()""")
    assert refresh("weekly") == 1
    err = capsys.readouterr().err
    assert "stopped at step 3 of 9, load_universes" in err
    assert "not here" in err


def test_a_dry_run_goes_on_after_a_refusal_and_ends_with_its_status(
    refresh: Script, folder: Path, capsys: Capture
) -> None:
    write_fund(folder, "SPY", {"AAPL": "50"})
    assert refresh("weekly", "--dry-run") == 3
    out, err = capsys.readouterr()
    assert titles(out) == STEPS
    assert err.splitlines()[-1] == "the run would stop at step 2 of 9, load_etf_holdings: see above"


def test_a_wrong_sector_name_stops_it_before_anything_is_loaded(
    refresh: Script, folder: Path, capsys: Capture, witness: Connection
) -> None:
    (folder / "sector_overrides.csv").write_text("symbol,sector\nAAPL,Techno\n")
    before = everything(witness)
    for more in ((), ("--dry-run",)):
        assert refresh("weekly", *more) == 1
        assert "sector_overrides.csv:2: found the sector 'Techno'" in capsys.readouterr().err
    assert everything(witness) == before


def test_a_folder_without_funds_and_universes_changes_nothing(
    refresh: Script, folder: Path, capsys: Capture, witness: Connection
) -> None:
    for path in folder.iterdir():
        path.unlink()
    before = everything(witness)
    assert refresh("weekly") == 1
    assert "found no file for any fund" in capsys.readouterr().err
    assert everything(witness) == before


def test_where_reports_cannot_be_written_it_says_so(
    refresh: Script, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "reports").write_text("a file")
    assert refresh("weekly") == 1
    assert f"{tmp_path / 'reports'}: no such folder, and it cannot be made" in capsys.readouterr().err


def test_weekly_or_monthly_has_to_be_said(script: Script) -> None:
    assert script("refresh") == 2
