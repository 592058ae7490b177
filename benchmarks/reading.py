"""The processes that read or classify: query, validation, report, sectors; against psql and the clock."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.databases import Databases
from benchmarks.measure import Run, run
from tickstock.db import statement
from tickstock.settings import REPOSITORY

SCRIPTS = REPOSITORY / "scripts" / "cache_maintenance"
SECTORS = ("Technology", "Energy", "Financials", "Health Care", "Utilities", "Materials", "Industrials")


def write_classification(symbols: Sequence[str], folder: Path) -> Path:
    """A classification of all symbols but one in fifty; give its path."""
    lines = [f"{symbol},{SECTORS[at % len(SECTORS)]},Software" for at, symbol in enumerate(symbols) if at % 50]
    path = folder / "classification.csv"
    path.write_text("\n".join(["symbol,sector,industry", *lines, ""]), encoding="utf-8")
    return path


def script(databases: Databases, name: str, program: str, *arguments: str | Path) -> Run:
    """A script of ``cache_maintenance/`` on a database."""
    return run([sys.executable, SCRIPTS / f"{program}.py", *arguments], {"DATABASE_URI": databases.uri(name)})


def installed_psql() -> str | None:
    """The psql that a person types, None where there is none. (Debian's first looks for the right version.)"""
    return shutil.which("psql")


def psql_stock(psql: str | Path, databases: Databases, name: str, symbol: str) -> Run:
    """psql, asked what ``query_relationships.py --stock`` asks the database."""
    query = statement("queries/stock").replace("%(symbol)s", f"'{symbol}'")
    return run([psql, "--no-psqlrc", "--dbname", databases.uri(name), "--command", query])


def enrich(databases: Databases, name: str, funds: Path, classification: Path) -> Run:
    """The classification of all stocks."""
    arguments = ("--mode", "incremental", "--holdings-dir", funds, "--classification", classification, "--quiet")
    return script(databases, name, "enrich_sectors", *arguments)
