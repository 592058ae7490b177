"""What the checks found, and how the tests mend it."""

from __future__ import annotations

import csv
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.files import write_fund
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.checks import Finding, Validation, run_checks
from tickstock.settings import REPOSITORY

Script = Callable[..., int]


def faulty(validation: Validation) -> dict[str, str]:
    return {check.name: check.status for check in validation.checks if check.status != "pass"}


def findings(validation: Validation, name: str) -> tuple[Finding, ...]:
    return next(check.findings for check in validation.checks if check.name == name)


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


def edow(folder: Path, **other: str | None) -> None:
    """Write EDOW's file, with other weights; None takes a line out."""
    kept = {symbol: weight for symbol, weight in weights(folder, "EDOW").items() if symbol not in other}
    write_fund(folder, "EDOW", {**kept, **{symbol: weight for symbol, weight in other.items() if weight}})


def next_week(folder: Path, *etfs: str) -> None:
    for etf in etfs:
        old = weights(folder, etf)
        write_fund(folder, etf, {**old, "AAPL": f"{float(old['AAPL']) + 0.01:.6f}"})
