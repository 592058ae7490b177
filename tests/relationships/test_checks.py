"""Every check can fail: a fault planted in a clean database is found by the check for it, by no other, and mended."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clean import LOADERS
from tests.files import write_fund, write_universe
from tests.stored import query
from tickstock.db import SQL, Connection, Database
from tickstock.relationships.checks import CHECKS, Finding, Integrity, Validation, read_integrity, run_checks
from tickstock.settings import REPOSITORY
from tickstock.symbols import _GLUED, canonical_symbol

Script = Callable[..., int]

@pytest.fixture
def database(new_database: Callable[..., Database], clean: str) -> Database:
    return new_database(clean)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped files, to be edited."""
    return Path(shutil.copytree(REPOSITORY / "holdings", tmp_path / "holdings"))


def faulty(validation: Validation) -> dict[str, str]:
    return {check.name: check.status for check in validation.checks if check.status != "pass"}


def findings(validation: Validation, name: str) -> tuple[Finding, ...]:
    return next(check.findings for check in validation.checks if check.name == name)


def test_the_clean_state_passes(connection: Connection) -> None:
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {}
    files = {path.stem for path in (SQL / "checks").glob("*.sql")} - {"counts"}
    assert files == {check.name for check in CHECKS if check.find is None}
    assert {check.name for check in CHECKS} - files == {"files"}  # it reads the files themselves
    assert validation.integrity == (7505, 0)  # 6,260 rows of files, and 1,245 of sectors
    assert validation.integrity.percent == 100


class Fault(NamedTuple):
    """``sql`` plants it; a finding of ``check`` names ``group`` and ``symbol``. {RSP} and so on are ids of groups."""

    check: str
    sql: str
    group: str | None = None
    symbol: str | None = None
    status: str = "fail"
    also: tuple[str, ...] = ()


def unrecorded(sql: str) -> str:
    tables = ("group_memberships", "definition_groups")
    return ";".join(
        [*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables), sql,
         *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables)]
    )  # fmt: skip


FAULTS = {
    "an empty fund": Fault(
        "etf_holdings", "INSERT INTO definition_groups (name, type) VALUES ('EMPTY', 'ETF')", "EMPTY"
    ),
    "an empty fund whose name is no ticker": Fault(
        "etf_holdings", "INSERT INTO definition_groups (name, type) VALUES ('$(reboot)', 'ETF')", "$(reboot)"
    ),
    "a fund that lost all its rows": Fault(
        "etf_holdings", "DELETE FROM group_memberships WHERE group_id = {RSP}", "RSP", also=("integrity",)
    ),
    "an empty theme": Fault("themes", "INSERT INTO definition_groups (name, type) VALUES ('void', 'THEME')", "void"),
    "an empty universe": Fault(
        "universes", "INSERT INTO definition_groups (name, type) VALUES ('void', 'UNIVERSE')", "void"
    ),
    "an orphan": Fault(
        "stock_sectors",
        "DELETE FROM group_memberships WHERE group_id = {information_technology} AND symbol = 'AAPL'", None, "AAPL",
    ),
    "a fund among the stocks of a sector": Fault(
        "stock_sectors",
        "INSERT INTO group_memberships (group_id, symbol, metadata)"
        """ VALUES ({unknown}, 'SPY', '{{"source": "unclassified"}}')""",
        "unknown", "SPY", "warn",
    ),
    "a changed weight": Fault(
        "integrity", "UPDATE group_memberships SET weight = 0.3 WHERE group_id = {RSP} AND symbol = 'MSFT'", "RSP",
        "MSFT",
    ),
    "a weight where the file has none": Fault(
        "integrity", "UPDATE group_memberships SET weight = 6.5 WHERE group_id = {SPY} AND symbol = 'AAPL'", "SPY",
        "AAPL",
    ),
    "a row deleted behind the loader's back": Fault(
        "integrity", "DELETE FROM group_memberships WHERE group_id = {SPY} AND symbol = 'AAPL'", "SPY", "AAPL"
    ),
    "a row deleted from a universe": Fault(
        "integrity", "DELETE FROM group_memberships WHERE group_id = {sp500} AND symbol = 'AAPL'", "sp500", "AAPL"
    ),
    "a row deleted from a theme": Fault(
        "integrity", "DELETE FROM group_memberships WHERE group_id = {crypto_miners} AND symbol = 'MARA'",
        "crypto_miners", "MARA",
    ),
    "a row made by hand": Fault(
        "integrity", "INSERT INTO group_memberships (group_id, symbol) VALUES ({SPY}, 'AAP')", "SPY", "AAP", "warn"
    ),
    "a row made by hand that says it is of the file": Fault(
        "integrity",
        """INSERT INTO group_memberships (group_id, symbol, metadata) VALUES ({SPY}, 'AAP', '{{"source": "file"}}')""",
        "SPY", "AAP",
    ),
    "a weight changed without a record": Fault(
        "integrity",
        unrecorded("UPDATE group_memberships SET weight = 0.3 WHERE group_id = {RSP} AND symbol = 'MSFT'"),
        "RSP", "MSFT",
    ),
    "a weight changed together with its history": Fault(
        "integrity",
        unrecorded("UPDATE group_memberships SET weight = 0.3 WHERE group_id = {RSP} AND symbol = 'MSFT';"
                   "UPDATE membership_versions SET weight = 0.3 WHERE group_id = {RSP} AND symbol = 'MSFT'"),
        "RSP",
    ),
    "a row deleted without a record": Fault(
        "integrity", unrecorded("DELETE FROM group_memberships WHERE group_id = {RSP} AND symbol = 'MSFT'"), "RSP",
        "MSFT",
    ),
    "a row made without a record": Fault(
        "integrity", unrecorded("INSERT INTO group_memberships (group_id, symbol) VALUES ({RSP}, 'AAP')"), "RSP", "AAP"
    ),
    "metadata changed without a record": Fault(
        "integrity",
        unrecorded("UPDATE group_memberships SET metadata = metadata || '{{\"x\": 1}}'"
                   " WHERE group_id = {information_technology} AND symbol = 'MSFT'"),
        "information_technology", "MSFT",
    ),
    "a sector row that the history alone has": Fault(
        "integrity",
        "INSERT INTO group_memberships (group_id, symbol, metadata) VALUES ({unknown}, 'ZZZZ', '{{\"source\":"
        " \"unclassified\"}}');" + unrecorded("DELETE FROM group_memberships WHERE symbol = 'ZZZZ'"),
        "unknown", "ZZZZ",
    ),
    "a group changed without a record": Fault(
        "integrity", unrecorded("UPDATE definition_groups SET description = 'x' WHERE id = {sp500}"), "sp500"
    ),
    "a group deleted without a record": Fault(
        "integrity", unrecorded("DELETE FROM definition_groups WHERE id = {crypto_miners}"), "crypto_miners"
    ),
    "a group made without a record": Fault(
        "integrity",
        unrecorded("INSERT INTO definition_groups (name, type) VALUES ('mine', 'THEME')")
        + ";INSERT INTO group_memberships (group_id, symbol) SELECT max(id), 'AAPL' FROM definition_groups",
        "mine",
    ),
    "a fund deleted by hand": Fault("integrity", "DELETE FROM definition_groups WHERE id = {RSP}", "RSP"),
    "a fund renamed by hand": Fault("integrity", "UPDATE definition_groups SET name = 'X' WHERE id = {RSP}", "X"),
    "a fund renamed by hand whose name was loaded again": Fault(
        "integrity",
        """UPDATE definition_groups SET name = 'X' WHERE id = {RSP};
           UPDATE load_files SET group_name = 'SPY' WHERE group_id = {RSP}""",
        "X",
    ),
    "a sector that is missing": Fault(
        "sector_mappings", "DELETE FROM definition_groups WHERE name = 'energy'", "energy", also=("stock_sectors",)
    ),
    "a foreign sector": Fault(
        "sector_mappings", "INSERT INTO definition_groups (name, type) VALUES ('healthcare', 'SECTOR')", "healthcare"
    ),
    "a sector whose name differs in case": Fault(
        "sector_mappings", "INSERT INTO definition_groups (name, type) VALUES ('Energy', 'SECTOR')", "Energy"
    ),
    "a second sector": Fault(
        "one_sector", "INSERT INTO group_memberships (group_id, symbol) VALUES ({energy}, 'AAPL')", None, "AAPL"
    ),
    "a sector by hand": Fault(
        "sector_evidence",
        "UPDATE group_memberships SET group_id = {energy}, metadata = '{{}}'"
        " WHERE group_id = {information_technology} AND symbol = 'AAPL'",
        "energy", "AAPL", "warn",
    ),
    "a sector from an unknown source": Fault(
        "sector_evidence",
        "UPDATE group_memberships SET metadata = '{{\"source\": \"a friend\"}}'"
        " WHERE group_id = {information_technology} AND symbol = 'AAPL'",
        "information_technology", "AAPL", "warn",
    ),
    "a sector for an unclassified stock": Fault(
        "sector_evidence",
        "UPDATE group_memberships SET group_id = {energy} WHERE group_id = {unknown} AND symbol = 'GLBE'",
        "energy", "GLBE", "warn",
    ),
    "a negative weight": Fault(
        "weights", "UPDATE group_memberships SET weight = -0.2 WHERE group_id = {RSP} AND symbol = 'MSFT'", "RSP",
        "MSFT", "warn", also=("integrity",),
    ),
    "a foreign spelling": Fault(
        "spellings", "UPDATE group_memberships SET symbol = 'BRK-B' WHERE group_id = {SPY} AND symbol = 'BRK.B'", "SPY",
        "BRK-B",
    ),
    "a foreign spelling of an alias": Fault(
        "spellings", "UPDATE group_memberships SET symbol = 'BRKB' WHERE group_id = {XLF} AND symbol = 'BRK.B'", "XLF",
        "BRKB",
    ),
    "a foreign spelling among the sectors": Fault(
        "spellings",
        "UPDATE group_memberships SET symbol = ' brk/b' WHERE group_id <> {RSP} AND symbol = 'BRK.B'", "financials",
        " brk/b",
    ),
    "what is no symbol": Fault(
        "spellings",
        """INSERT INTO definition_groups (name, type) VALUES ('mine', 'THEME');
           INSERT INTO group_memberships (group_id, symbol) SELECT max(id), 'odd symbol' FROM definition_groups;
           INSERT INTO group_memberships (group_id, symbol) SELECT max(id), 'AAPL' FROM definition_groups""",
        "mine", "odd symbol",
    ),
    "a stock twice, under two spellings": Fault(
        "duplicates", "INSERT INTO group_memberships (group_id, symbol) VALUES ({SPY}, 'BRKB')", "SPY", "BRKB"
    ),
    "a theme twice, in two cases": Fault(
        "duplicates",
        """INSERT INTO definition_groups (name, type) VALUES ('Crypto_Miners', 'THEME');
           INSERT INTO group_memberships (group_id, symbol) SELECT max(id), 'MARA' FROM definition_groups""",
        "Crypto_Miners",
    ),
    "a run without its number": Fault(
        "ledger", "DELETE FROM data_version WHERE load_id IN (SELECT load_id FROM load_files WHERE group_id = {RSP})"
    ),
    "a run that is not on record": Fault(
        "ledger", "DELETE FROM load_runs WHERE id IN (SELECT load_id FROM load_files WHERE group_id = {RSP})"
    ),
    "a file that is not on record": Fault("ledger", "DELETE FROM load_files WHERE group_id = {RSP}", "RSP"),
    "a count that was edited": Fault("ledger", "UPDATE load_files SET members = 7 WHERE group_id = {RSP}", "RSP"),
    "kept rows that were edited": Fault(
        "ledger", "UPDATE load_files SET kept_symbols = '{{AAPL}}' WHERE group_id = {RSP}", "RSP"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_by_exactly_its_check_and_can_be_mended(
    fault: Fault, connection: Connection, witness: Connection, script: Script
) -> None:
    ids = dict(query(witness, "SELECT name, id FROM definition_groups WHERE environment = 'DEFAULT'"))
    query(witness, fault.sql.format_map(ids))
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {fault.check: fault.status, **dict.fromkeys(fault.also, "fail")}
    named = [(finding.group_name, finding.symbol) for finding in findings(validation, fault.check)]
    assert (fault.group, fault.symbol) in named
    assert all(finding.found and finding.mend for finding in findings(validation, fault.check))
    if "integrity" in faulty(validation):
        assert validation.integrity.percent < 100
    mend_all(validation, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def mend_all(validation: Validation, witness: Connection, script: Script) -> None:
    """Do what the findings say, as often as new ones come up."""
    for _ in range(3):
        mends = dict.fromkeys(finding.mend for check in validation.checks for finding in check.findings)
        for mend in mends:
            if not mend.startswith("python "):
                query(witness, mend)
                continue
            _, path, *arguments = shlex.split(mend)
            status = script(Path(path).stem, *arguments, "--quiet")
            if status == 3:  # the loader's guard wants to be told
                status = script(Path(path).stem, *arguments, "--quiet", "--force")
            assert status == 0
        validation = run_checks(witness, "DEFAULT")


# Faults that come in by files.


def load(script: Script, folder: Path, etf: str, *more: str) -> None:
    assert script("load_etf_holdings", "--holdings-dir", folder, "--etf", etf, "--quiet", *more) == 0


def weights(folder: Path, etf: str) -> dict[str, str]:
    with (folder / f"{etf.lower()}_holdings.csv").open() as file:
        return {row["symbol"]: row["weight"] for row in csv.DictReader(file)}


def check_and_mend(
    connection: Connection, witness: Connection, script: Script, check: str, status: str, group: str
) -> Finding:
    """The command reads the folder that the group came from, in which the file is right again."""
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {check: status}
    finding = findings(validation, check)[0]
    assert finding.group_name == group
    folder = Path(finding.mend.split("--holdings-dir ")[1])
    shutil.copy(REPOSITORY / "holdings" / f"{group.lower()}_holdings.csv", folder)
    mend_all(validation, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}
    return finding


@pytest.mark.parametrize(
    ("factor", "status", "total"), [("1.3079", "fail", "130.01"), ("0.7", "fail", "69.58"), ("1.07", "warn", "106.36"),
                                    ("0.9", "warn", "89.46")],
)  # fmt: skip
def test_weights_that_do_not_sum_to_100(
    factor: str, status: str, total: str, connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    shipped = weights(folder, "RSP").items()
    changed = {symbol: f"{float(weight) * float(factor):.6f}" if weight else "" for symbol, weight in shipped}
    write_fund(folder, "RSP", changed)
    load(script, folder, "RSP", "--force")
    finding = check_and_mend(connection, witness, script, "weights", status, "RSP")
    assert f"the weights of RSP sum to {total} %" in finding.found


def test_a_single_weight_above_100(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    write_fund(folder, "EDOW", {**dict.fromkeys(weights(folder, "EDOW"), "0"), "AAPL": "101"})
    load(script, folder, "EDOW", "--force")
    finding = check_and_mend(connection, witness, script, "weights", "fail", "EDOW")
    assert finding.found == "AAPL weighs 101.00 % in EDOW"


def test_many_empty_weights_are_told_apart_from_a_low_sum(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    """RSP as shipped has 6 empty weights of 503 and sums to 99.4: no finding. Half of them empty is one."""
    changed = weights(folder, "RSP")
    write_fund(folder, "RSP", {symbol: weight if symbol < "H" else "" for symbol, weight in changed.items()})
    load(script, folder, "RSP", "--force")
    finding = check_and_mend(connection, witness, script, "weights", "warn", "RSP")
    assert re.fullmatch(r"\d+ of the 503 rows of RSP have no weight; the others sum to [\d.]+ %", finding.found)


def test_a_stray_member_of_a_sector_fund(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    write_fund(folder, "XLK", {**weights(folder, "XLK"), "AAP": "", "AAMI": ""})
    load(script, folder, "XLK")
    finding = check_and_mend(connection, witness, script, "subsets", "warn", "XLK")
    assert finding.found == "2 of the 73 members of XLK are not in the S&P 500: AAMI, AAP"


def test_a_wrong_file_for_a_sector_fund(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    write_fund(folder, "XLK", weights(folder, "IJR"))
    load(script, folder, "XLK", "--force")
    finding = check_and_mend(connection, witness, script, "subsets", "fail", "XLK")
    assert finding.found.startswith("603 of the 603 members of XLK are not in the S&P 500: AAMI, AAP, ")


def test_one_file_under_two_names(connection: Connection, witness: Connection, script: Script, folder: Path) -> None:
    first = {symbol: f"{number}.7" for number, symbol in enumerate(list(weights(folder, "XLE"))[:13], start=1)}
    write_fund(folder, "AAAA", first)
    write_fund(folder, "BBBB", first)
    load(script, folder, "AAAA")
    load(script, folder, "BBBB")
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"duplicates": "warn"}
    assert "the last file of BBBB had exactly the weights of AAAA" in findings(validation, "duplicates")[0].found
    write_fund(folder, "BBBB", {symbol: f"{float(weight) + 0.1}" for symbol, weight in first.items()})
    load(script, folder, "BBBB")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


# Age.


@pytest.mark.parametrize("days", [-46, 2])
def test_a_date_that_is_old_or_lies_in_the_future(
    days: int, connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE + %s WHERE group_name = 'RSP'", days)
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"freshness": "warn"}
    assert [finding.group_name for finding in findings(validation, "freshness")] == ["RSP"]
    _next_week(folder, "RSP")
    load(script, folder, "RSP", "--force")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_dates_of_the_last_weeks_are_fine(connection: Connection, witness: Connection) -> None:
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE - 45 WHERE group_name = 'RSP'")
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE WHERE group_name = 'EQWL'")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def _next_week(folder: Path, *etfs: str) -> None:
    for etf in etfs:
        old = weights(folder, etf)
        write_fund(folder, etf, {**old, "AAPL": f"{float(old['AAPL']) + 0.01:.6f}"})


def _age(witness: Connection, days: int) -> None:
    query(witness, "UPDATE load_runs SET started_at = started_at - %s * INTERVAL '1 day'", days)


def test_a_source_that_did_not_change_while_its_peers_did(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    """EDOW, EQWL and RSP are the funds with weights. Lists without weights may stay the same for years."""
    _age(witness, 22)
    _next_week(folder, "EQWL", "RSP")
    load(script, folder, "EQWL")
    assert faulty(run_checks(connection, "DEFAULT")) == {"freshness": "warn"}  # one of two peers is half of them
    load(script, folder, "RSP")
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"freshness": "warn"}
    (finding,) = findings(validation, "freshness")
    assert finding.group_name == "EDOW"
    assert "those of 2 of 2 other funds did" in finding.found
    assert finding.mend == f"python scripts/cache_maintenance/load_etf_holdings.py --etf EDOW --holdings-dir {folder}"
    _next_week(folder, "EDOW")
    load(script, folder, "EDOW")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_change_three_weeks_later_or_sooner_is_a_matter_of_course(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    _age(witness, 20)
    _next_week(folder, "EQWL", "RSP")
    load(script, folder, "EQWL")
    load(script, folder, "RSP")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_first_load_is_no_change(connection: Connection, witness: Connection, script: Script, folder: Path) -> None:
    _age(witness, 60)
    for etf in ("AAAA", "BBBB", "CCCC", "DDDD", "EEEE"):
        write_fund(folder, etf, {"AAPL": "60", "MSFT": "40"})
        load(script, folder, etf)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_source_that_went_back_to_an_old_file_has_changed(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    original = weights(folder, "EDOW")
    _age(witness, 30)
    _next_week(folder, "EDOW")
    load(script, folder, "EDOW")
    _age(witness, 30)
    _next_week(folder, "EQWL", "RSP")
    write_fund(folder, "EDOW", original)
    for etf in ("EDOW", "EQWL", "RSP"):
        load(script, folder, etf)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_theme_that_is_no_longer_in_the_file(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    _age(witness, 30)
    file = folder / "themes.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("crypto_miners,")), encoding="utf-8")
    assert script("organize_universe", "--holdings-dir", folder, "--mode", "incremental", "--quiet") == 0
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"freshness": "warn"}
    assert [finding.group_name for finding in findings(validation, "freshness")] == ["crypto_miners"]


# Files that changed since they were loaded.


def edow(folder: Path, **other: str | None) -> None:
    """Write EDOW's file, with other weights; None takes a line out."""
    kept = {symbol: weight for symbol, weight in weights(folder, "EDOW").items() if symbol not in other}
    write_fund(folder, "EDOW", {**kept, **{symbol: weight for symbol, weight in other.items() if weight}})


def test_a_file_that_changed_since_it_was_loaded(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    edow(folder, AAPL="3.4")
    load(script, folder, "EDOW")
    ((load_id,),) = query(witness, "SELECT max(load_id) FROM load_files WHERE group_name = 'EDOW'")
    assert faulty(run_checks(connection, "DEFAULT")) == {}
    edow(folder, AAPL="3.4", AMGN="3.5", GOOGL="3.333333", VZ=None)
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"files": "warn"}
    assert validation.integrity == (7505, 0)
    assert [(finding.symbol, finding.found) for finding in findings(validation, "files")] == [
        ("AMGN", f"file changed: AMGN in EDOW: load {load_id} left 3.333333, edow_holdings.csv has 3.500000"),
        ("GOOGL", f"file changed: GOOGL in EDOW: load {load_id} left no member, edow_holdings.csv has 3.333333"),
        ("VZ", f"file changed: VZ in EDOW: load {load_id} left 3.333333, edow_holdings.csv has no member"),
    ]
    assert findings(validation, "files")[0].mend == (
        f"python scripts/cache_maintenance/load_etf_holdings.py --etf EDOW --mode incremental --holdings-dir {folder}"
    )
    mend_all(validation, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_row_that_file_and_database_have_otherwise(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    edow(folder, AAPL="3.4")
    load(script, folder, "EDOW")
    ((load_id,),) = query(witness, "SELECT max(load_id) FROM load_files WHERE group_name = 'EDOW'")
    edow(folder, AAPL="3.5")
    query(witness, "UPDATE group_memberships m SET weight = 3.3 FROM definition_groups g"
                   " WHERE g.id = group_id AND name = 'EDOW' AND symbol IN ('AAPL', 'AMGN')")  # fmt: skip
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"integrity": "fail", "files": "warn"}
    assert [finding.found for finding in findings(validation, "integrity")] == [
        f"database changed: AAPL in EDOW has 3.300000, load {load_id} left 3.400000",
        f"database changed: AMGN in EDOW has 3.300000, load {load_id} left 3.333333",
    ]
    assert [finding.found for finding in findings(validation, "files")] == [
        f"both changed: AAPL in EDOW: load {load_id} left 3.400000, stored is 3.300000, edow_holdings.csv has 3.500000"
    ]
    mend_all(validation, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_file_that_cannot_be_loaded_any_more(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    edow(folder, AAPL="3.4")
    load(script, folder, "EDOW")
    themes = folder / "themes.csv"
    themes.write_text(themes.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert script("organize_universe", "--holdings-dir", folder, "--quiet") == 0
    (folder / "edow_holdings.csv").write_text("<html>")
    themes.write_text("theme;symbol\n")
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"files": "warn"}
    assert [(f.group_type, f.group_name, f.found.split(",")[0]) for f in findings(validation, "files")] == [
        ("ETF", "EDOW", "cannot be loaded: edow_holdings.csv: found an HTML or XML page"),
        ("THEME", None, "cannot be loaded: themes.csv:1: found cells separated by a semicolon (';')"),
    ]  # fmt: skip


def test_one_theme_of_the_file_changed(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    themes = folder / "themes.csv"
    text = themes.read_text(encoding="utf-8")
    themes.write_text(text + "\n", encoding="utf-8")
    assert script("organize_universe", "--holdings-dir", folder, "--quiet") == 0
    themes.write_text(re.sub("^crypto_miners,MARA,", "crypto_miners,AAPL,", text, flags=re.MULTILINE), encoding="utf-8")
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"files": "warn"}
    assert [(f.group_name, f.symbol) for f in findings(validation, "files")] == [
        ("crypto_miners", "AAPL"), ("crypto_miners", "MARA"),
    ]  # fmt: skip
    mend_all(validation, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_files_that_are_gone_are_a_note(connection: Connection, script: Script, folder: Path) -> None:
    edow(folder, AAPL="3.4")
    load(script, folder, "EDOW")
    folder.rename(folder.parent / "elsewhere")
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {}
    assert validation.checks[-1].summary == "48 files, 0 rows changed, 1 no longer there"


# What a load left, when a later one was undone, or told of the past.


def undo(witness: Connection, etf: str, *changes: str) -> None:
    """Undo the last load of a fund: its record, and what puts the rows back."""
    query(
        witness,
        "BEGIN; INSERT INTO load_runs (kind, type, environment, undoes) SELECT 'undo', 'ETF', 'DEFAULT', max(load_id)"
        f" FROM load_files WHERE group_name = '{etf}';"
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, rows, members, scope)"
        " SELECT (this_run()).id, group_id, group_name, '', 'undo', '', '', '', 0, 0, 'undo' FROM last_files"
        f"  WHERE group_name = '{etf}';"
        "UPDATE load_files SET undone_by = (this_run()).id"
        " WHERE load_id = (SELECT undoes FROM load_runs WHERE id = (this_run()).id) AND scope = 'present';"
        + "".join(f"{change};" for change in changes) + "COMMIT",
    )  # fmt: skip


def test_an_undone_load_is_no_longer_the_last(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    ((first,),) = query(witness, "SELECT max(load_id) FROM load_files WHERE group_name = 'EDOW'")
    set_to = "UPDATE group_memberships m SET weight = {} FROM definition_groups g WHERE g.id = group_id" \
             " AND name = 'EDOW' AND symbol = '{}'"  # fmt: skip
    query(witness, set_to.format(3.1, "AMGN"))
    edow(folder, AAPL="3.5")
    load(script, folder, "EDOW", "--force")
    query(witness, "UPDATE load_files SET as_of = CURRENT_DATE - 50 WHERE group_name = 'EDOW' AND load_id <> %s", first)
    assert faulty(run_checks(connection, "DEFAULT")) == {"freshness": "warn"}
    undo(witness, "EDOW", set_to.format(3.333333, "AAPL"), set_to.format(3.1, "AMGN"))
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"integrity": "fail"}
    assert [finding.found for finding in findings(validation, "integrity")] == [
        f"database changed: AMGN in EDOW has 3.100000, load {first} left 3.333333"
    ]
    mend_all(validation, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_group_that_an_undone_load_made_and_a_hand_keeps_is_no_fault_of_the_ledger(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    write_fund(folder, "AAAA", {"AAPL": "60", "MSFT": "40"})
    load(script, folder, "AAAA")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AMGN' FROM definition_groups"
                   " WHERE name = 'AAAA'")  # fmt: skip
    undo(witness, "AAAA", "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id"
                          " AND name = 'AAAA' AND symbol <> 'AMGN'")  # fmt: skip
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_a_file_of_the_past_changes_no_finding(connection: Connection, witness: Connection) -> None:
    query(
        witness,
        "BEGIN; INSERT INTO load_runs (kind, type, environment, mode) VALUES ('load', 'ETF', 'DEFAULT', 'full');"
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, as_of, rows, members, scope) SELECT (this_run()).id, group_id, group_name, '/nowhere/x',"
        " format, 'x', 'x', 'x', '2020-01-02', 1, 1, 'past' FROM load_files WHERE group_name = 'RSP';"
        "SELECT record_past(group_id, '2020-01-02', '{AAPL,ZM}', '{1,NULL}', '{\"{}\",NULL}',"
        " '{2020-02-02,2020-02-02}') FROM last_files WHERE group_name = 'RSP'; COMMIT",
    )
    assert faulty(run_checks(connection, "DEFAULT")) == {}
    query(witness, "UPDATE group_memberships m SET weight = 1 FROM definition_groups g"
                   " WHERE g.id = group_id AND name = 'RSP' AND symbol = 'AAPL'")  # fmt: skip
    ((load_id,),) = query(witness, "SELECT load_id FROM last_files WHERE group_name = 'RSP'")
    assert [finding.found for finding in findings(run_checks(connection, "DEFAULT"), "integrity")] == [
        f"database changed: AAPL in RSP has 1.000000, load {load_id} left 0.200000"
    ]


# Rows that a load kept for a hand.


def test_what_a_load_kept_for_a_hand_is_a_warning(
    connection: Connection, witness: Connection, script: Script
) -> None:
    query(witness, "UPDATE group_memberships m SET weight = 0.3 FROM definition_groups g"
                   " WHERE g.id = group_id AND name = 'RSP' AND symbol = 'MSFT'")
    query(witness, "DELETE FROM group_memberships m USING definition_groups g"
                   " WHERE g.id = group_id AND name = 'RSP' AND symbol = 'AAPL'")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'AAP' FROM definition_groups"
                   " WHERE name = 'RSP'")  # fmt: skip
    before = run_checks(connection, "DEFAULT")
    assert faulty(before) == {"integrity": "fail"}
    assert [(f.severity, f.symbol) for f in findings(before, "integrity")] == [
        ("fail", "AAPL"), ("fail", "MSFT"), ("warn", "AAP"),
    ]  # fmt: skip
    assert script("load_etf_holdings", "--mode", "incremental", "--quiet") == 0
    kept = run_checks(connection, "DEFAULT")
    assert faulty(kept) == {"integrity": "warn"}
    assert [finding.found.split(";")[0] for finding in findings(kept, "integrity")] == [
        "database changed: AAP in RSP is as a hand left it (no weight)",
        "database changed: AAPL is not in RSP because a hand deleted it",
        "database changed: MSFT in RSP is as a hand left it (0.300000)",
    ]
    assert kept.integrity == (7505, 3)
    mend_all(kept, witness, script)
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_what_a_person_took_out_of_the_folder_is_no_finding_after_the_next_load(
    connection: Connection, witness: Connection, script: Script, folder: Path
) -> None:
    query(witness, "DELETE FROM definition_groups WHERE name = 'EDOW'")
    (folder / "edow_holdings.csv").unlink()
    assert faulty(run_checks(connection, "DEFAULT")) == {"integrity": "fail"}
    _next_week(folder, "RSP")
    assert script("load_etf_holdings", "--holdings-dir", folder, "--mode", "incremental", "--quiet") == 0
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_what_a_full_load_removed_is_no_finding(connection: Connection, script: Script, folder: Path) -> None:
    (folder / "edow_holdings.csv").unlink()
    assert script("load_etf_holdings", "--holdings-dir", folder, "--quiet") == 0
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_rows_that_keep_missing_left_are_no_finding(connection: Connection, script: Script, folder: Path) -> None:
    members = list(weights(folder, "SPY"))
    write_fund(folder, "SPY", dict.fromkeys(members[1:]))
    load(script, folder, "SPY", "--mode", "incremental", "--keep-missing")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


# Universes and subsets.


def test_the_parts_of_the_russell_3000(connection: Connection, script: Script, folder: Path) -> None:
    members = list(weights(folder, "SPY"))
    write_universe(folder, "russell3000", members[:-1])
    write_universe(folder, "russell1000", members)
    assert script("load_universes", "--holdings-dir", folder, "--quiet") == 0
    validation = run_checks(connection, "DEFAULT")
    assert faulty(validation) == {"subsets": "warn"}
    (finding,) = findings(validation, "subsets")
    assert finding.found == f"1 of the 503 members of russell1000 are not in the Russell 3000: {members[-1]}"
    # Lists of very different dates are no reason to stop; a list of something else is.
    write_universe(folder, "russell3000", members[: 503 // 2 + 1])
    assert script("load_universes", "--holdings-dir", folder, "--quiet", "--force") == 0
    assert faulty(run_checks(connection, "DEFAULT")) == {"subsets": "warn"}
    write_universe(folder, "russell3000", members[: 503 // 2 - 1])
    assert script("load_universes", "--holdings-dir", folder, "--quiet", "--force") == 0
    assert faulty(run_checks(connection, "DEFAULT")) == {"subsets": "fail"}


def test_a_part_without_its_index_is_no_finding(connection: Connection, script: Script, folder: Path) -> None:
    write_universe(folder, "russell1000", ["AAPL"])
    assert script("load_universes", "--holdings-dir", folder, "--quiet") == 0
    assert faulty(run_checks(connection, "DEFAULT")) == {}


# Spellings are those of tickstock/symbols.py.


def test_a_symbol_is_misspelt_exactly_where_the_loaders_would_write_another(
    connection: Connection, witness: Connection
) -> None:
    with (REPOSITORY / "tests" / "data" / "symbols.csv").open(encoding="utf-8", newline="") as file:
        raw = {row["raw"] for row in csv.DictReader(file) if 0 < len(row["raw"]) <= 50}
    raw |= {*_GLUED, "MET.A", "META", "CENTA", "TICKER", "A" * 21, "\tA", "A\u00a0"}
    spelled = {symbol: _canonical(symbol) for symbol in raw}
    # One group for each, so that no two of them are duplicates.
    query(
        witness,
        "WITH made AS (INSERT INTO definition_groups (name, type) SELECT 't' || n, 'THEME'"
        "              FROM generate_series(1, %s) n RETURNING id, name)"
        " INSERT INTO group_memberships (group_id, symbol)"
        " SELECT id, symbol FROM made JOIN unnest(%s) WITH ORDINALITY s (symbol, n) ON name = 't' || n",
        len(raw),
        sorted(raw),
    )
    validation = run_checks(connection, "DEFAULT")
    found = {finding.symbol: finding.mend for finding in findings(validation, "spellings")}
    assert found.keys() == {symbol for symbol, proper in spelled.items() if symbol != proper}
    for symbol, mend in found.items():
        if written := re.match(r"UPDATE group_memberships SET symbol = '([^']*)'", mend):
            assert symbol is not None
            assert written[1] == spelled[symbol]
    # The others are stocks like any other.
    orphans = {finding.symbol for finding in findings(validation, "stock_sectors")}
    known = {symbol for (symbol,) in query(witness, "SELECT DISTINCT symbol FROM stock_sectors")}
    assert orphans == {symbol for symbol, proper in spelled.items() if symbol == proper} - known


def _canonical(raw: str) -> str | None:
    try:
        return canonical_symbol(raw)
    except ValueError:
        return None


# Who may run it, and on what.


def test_each_file_can_be_run_alone_and_says_what_it_is_for(witness: Connection) -> None:
    for check in (check for check in CHECKS if check.find is None):
        sql = (SQL / "checks" / f"{check.name}.sql").read_text(encoding="utf-8")
        assert sql.startswith("-- ")
        with witness.cursor() as cursor:
            cursor.execute(sql)
            assert cursor.description is not None
            columns = [column.name for column in cursor.description]
            assert columns == ["severity", "group_type", "group_name", "symbol", "found", "mend"]
            assert cursor.fetchall() == []


def test_each_check_is_described() -> None:
    text = (REPOSITORY / "docs" / "checks.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [check.name for check in CHECKS]


def test_a_role_that_may_only_read_is_enough(connection: Connection) -> None:
    query(connection, "SET ROLE app_readonly")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_environments_do_not_mix(connection: Connection, witness: Connection, script: Script) -> None:
    assert faulty(run_checks(connection, "TEST")) == {
        "etf_holdings": "fail", "sector_mappings": "fail", "themes": "warn",
    }  # fmt: skip
    assert [script(loader, "--environment", "TEST", "--quiet") for loader in LOADERS] == [0] * len(LOADERS)
    query(witness, "SET tickstock.environment = 'TEST'")
    assert faulty(run_checks(connection, "TEST")) == {}
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'AAPL' AND group_id IN"
                   " (SELECT id FROM environment_groups WHERE name IN ('RSP', 'information_technology'))")
    query(witness, "UPDATE load_files SET members = 7, as_of = '2020-01-02' WHERE group_id IN"
                   " (SELECT id FROM environment_groups WHERE name = 'EQWL')")  # fmt: skip
    query(witness, "INSERT INTO definition_groups (name, type, environment) VALUES ('spy', 'ETF', 'TEST')")
    validation = run_checks(connection, "TEST")
    assert faulty(validation).keys() == {
        "stock_sectors", "integrity", "ledger", "freshness", "duplicates", "etf_holdings",
    }  # fmt: skip
    assert findings(validation, "integrity")[0].mend.endswith("--etf RSP --mode full --environment TEST")
    assert faulty(run_checks(connection, "DEFAULT")) == {}


def test_the_connection_is_left_as_it_was(connection: Connection) -> None:
    query(connection, "SET tickstock.environment = 'MINE'")
    run_checks(connection, "DEFAULT")
    assert query(connection, "SELECT current_environment()") == [("MINE",)]


def test_only_the_first_1000_findings_are_kept_and_all_are_counted(
    connection: Connection, witness: Connection
) -> None:
    query(witness, "DELETE FROM group_memberships m USING definition_groups g WHERE g.id = group_id AND type = 'ETF'")
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'ZZZZ' FROM definition_groups"
                   " WHERE type = 'ETF'")  # fmt: skip
    (check,) = (check for check in run_checks(connection, "DEFAULT").checks if check.name == "integrity")
    lost = query(witness, "SELECT sum(members) FROM load_files f JOIN definition_groups g ON g.id = group_id"
                          " WHERE type = 'ETF'")[0][0]  # fmt: skip
    assert (check.status, check.count, len(check.findings)) == ("fail", lost + 24, 1000)
    assert {finding.severity for finding in check.findings} == {"fail"}  # those first


def test_a_state_that_is_all_wrong_is_told_as_well(connection: Connection, witness: Connection) -> None:
    query(witness, "UPDATE group_memberships SET symbol = lower(symbol)")
    assert faulty(run_checks(connection, "DEFAULT")) == {"spellings": "fail"}
    query(witness, "TRUNCATE definition_groups CASCADE")
    assert faulty(run_checks(connection, "DEFAULT")) == {
        "etf_holdings": "fail", "integrity": "fail", "sector_mappings": "fail", "themes": "warn",
    }  # fmt: skip


# Integrity.


def test_the_integrity_is_the_same_alone(connection: Connection, witness: Connection) -> None:
    assert read_integrity(connection) == (7505, 0)
    query(witness, "UPDATE group_memberships SET weight = 0.3 WHERE weight = 0.2")
    changed = query(witness, "SELECT count(*) FROM group_memberships WHERE weight = 0.3")[0][0]
    assert read_integrity(connection) == run_checks(connection, "DEFAULT").integrity == (7505, changed)


@pytest.mark.parametrize(
    ("rows", "wrong", "percent"),
    [(7505, 0, 100), (7505, 1, 99.98), (10**7, 1, 99.99), (10**4, 1, 99.99), (3, 1, 66.66), (3, 3, 0), (0, 5, 0),
     (0, 0, 100)],
)  # fmt: skip
def test_the_percentage_is_never_rounded_up(rows: int, wrong: int, percent: float) -> None:
    assert Integrity(rows, wrong).percent == percent
