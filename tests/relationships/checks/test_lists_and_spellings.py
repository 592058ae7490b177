"""Parts of an index, and symbols spelt as tickstock/symbols.py has them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tests.files import write_universe
from tests.relationships.checks.made import (
    Script,
    faulty,
    findings,
    weights,
)
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.checks import run_checks
from tickstock.settings import REPOSITORY
from tickstock.symbols import _GLUED, canonical_symbol


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
