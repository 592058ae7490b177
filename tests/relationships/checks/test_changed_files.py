"""Files that changed, or are gone, since they were loaded."""

from __future__ import annotations

import re
from pathlib import Path

from tests.relationships.checks.made import (
    Script,
    edow,
    faulty,
    findings,
    load,
    mend_all,
)
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.checks import run_checks


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
