"""The processes that both scales measure: psql's \\copy, and the loader."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.databases import Databases
from benchmarks.measure import Run, run
from tickstock.settings import REPOSITORY

LOADER = REPOSITORY / "scripts" / "cache_maintenance" / "load_etf_holdings.py"
STORED = "SELECT count(*) FROM group_memberships"
# All rows, their open versions without those of the groups themselves, and the numbers of the last load.
RECORDED = (
    "SELECT (SELECT count(*) FROM group_memberships),"
    " (SELECT count(*) FROM membership_versions WHERE closed_by IS NULL AND symbol <> ''),"
    " (SELECT added FROM load_runs ORDER BY id DESC LIMIT 1),"
    " (SELECT changed FROM load_runs ORDER BY id DESC LIMIT 1)"
)


def copy(databases: Databases, name: str, rows: Path) -> Run:
    """psql, copying a file of rows into ``group_memberships``."""
    command = f"\\copy group_memberships (group_id, symbol, weight, metadata) FROM '{rows}'"
    return run([databases.psql, "--no-psqlrc", "--quiet", "--dbname", databases.uri(name), "--command", command])


def load(databases: Databases, name: str, folder: Path, mode: str = "full") -> Run:
    """The loader script, on a folder of funds."""
    return run(
        [sys.executable, LOADER, "--holdings-dir", folder, "--mode", mode, "--quiet"],
        {"DATABASE_URI": databases.uri(name)},
    )
