"""Every check can fail: a fault planted in a clean database is found by the check for it, by no other, and mended."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.relationships.checks.made import (
    Script,
    faulty,
    findings,
    mend_all,
)
from tests.stored import query
from tickstock.db import SQL, Connection
from tickstock.relationships.checks import CHECKS, run_checks


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
