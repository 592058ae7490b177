"""What is gone that the migrations made is noticed before a load writes, with the file that has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files import write_fund
from tests.stored import everything, query
from tickstock.db import Connection
from tickstock.migrations import available
from tickstock.schema import made_by

# The catalog's own account of the same. Keys that a table's definition names by itself are not listed.
CATALOG = """
    SELECT CASE WHEN relkind IN ('r', 'p') THEN 'table' WHEN relkind = 'v' THEN 'view' ELSE 'index' END,
           c.oid::regclass::text
      FROM pg_class c
     WHERE relnamespace IN ('public'::regnamespace, 'as_of'::regnamespace) AND relkind IN ('r', 'p', 'v', 'i')
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
    UNION ALL
    SELECT 'column', attrelid::regclass || '.' || attname
      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'trigger', tgname || ' on ' || tgrelid::regclass
      FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
     WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'function', oid::regproc::text FROM pg_proc
     WHERE pronamespace IN ('public'::regnamespace, 'as_of'::regnamespace)"""
# The library's and the suite's own account of the migrations.
BOOKKEEPING = ("yoyo_lock", "_yoyo_log", "_yoyo_version", "tickstock_migrations", "migration_checksums")

GONE = {
    "DROP TRIGGER group_memberships_update ON group_memberships": (
        "trigger group_memberships_update on group_memberships", "0004_record_changes.sql"),
    "DROP TRIGGER load_files_date ON load_files": ("trigger load_files_date on load_files", "0007_history.sql"),
    "DROP INDEX membership_versions_open": ("index membership_versions_open", "0003_ledger.sql"),
    "DROP INDEX group_memberships_symbol": ("index group_memberships_symbol", "0002_tighten_seed_tables.sql"),
    "ALTER TABLE load_runs DROP COLUMN tool_version": ("column load_runs.tool_version", "0003_ledger.sql"),
    "ALTER TABLE load_runs DROP COLUMN note": ("column load_runs.note", "0007_history.sql"),
    "DROP TABLE symbol_renames": ("table symbol_renames and 5 more objects", "0007_history.sql"),
    "DROP FUNCTION create_sector_groups": ("function create_sector_groups", "0005_sectors.sql"),
    "DROP VIEW as_of.stock_sectors": ("view as_of.stock_sectors", "0007_history.sql"),
}  # fmt: skip

Script = Callable[..., int]


def test_the_migrations_are_read_as_the_database_understood_them(witness: Connection) -> None:
    found = {
        (kind, name)
        for kind, name in query(witness, CATALOG)
        if name.split(".")[0] not in BOOKKEEPING
    }
    assert {(each.kind, each.name) for each in made_by(available().values())} == found


@pytest.mark.parametrize("statement", GONE)
def test_what_is_gone_stops_a_load_and_is_named(
    script: Script, witness: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str
) -> None:
    write_fund(tmp_path, "SPY", {"AAPL": "60", "MSFT": "40"})
    query(witness, statement)
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 1
    named, file = GONE[statement]
    message = capsys.readouterr().err
    assert message.startswith(f"error: the database lacks the {named}, which the migrations made; put it back as sql/")
    assert f"{file} has it" in message
    assert query(witness, "SELECT count(*) FROM group_memberships") == [(0,)]


def test_what_somebody_added_is_no_business_of_ours(script: Script, witness: Connection, tmp_path: Path) -> None:
    write_fund(tmp_path, "SPY", {"AAPL": "60", "MSFT": "40"})
    query(witness, "CREATE INDEX theirs ON group_memberships (weight)")
    query(witness, "ALTER TABLE definition_groups ADD COLUMN theirs text")
    before = len(everything(witness)["group_memberships"])
    assert script("load_etf_holdings", "--holdings-dir", tmp_path) == 0
    assert len(everything(witness)["group_memberships"]) > before
