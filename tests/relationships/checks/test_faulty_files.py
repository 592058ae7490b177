"""Faults that come in by files: wrong weights, wrong members, one file under two names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.relationships.checks.made import (
    Script,
    check_and_mend,
    faulty,
    findings,
    load,
    weights,
)
from tickstock.db import Connection
from tickstock.relationships.checks import run_checks


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
