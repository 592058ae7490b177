"""The check that reads files: what they say now, against what the last loads left and what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickstock.relationships.checks import WARN, Finding, Findings
from tickstock.relationships.drift import DATABASE
from tickstock.relationships.drift_files import GONE, recorded_files
from tickstock.relationships.drift_read import compare
from tickstock.relationships.drift_stored import read_records
from tickstock.relationships.drift_text import event_text, row_text
from tickstock.relationships.mends import reload

if TYPE_CHECKING:
    from tickstock.db import Cursor


def changed_files(cursor: Cursor, most: int) -> Findings:
    """A warning for each row that a file on record has otherwise by now, and for each file that cannot be loaded.

    Rows of which the database alone changed are left to ``integrity``. Files that are gone are a note: people move
    folders. ``most`` findings are kept, all are counted. Runs inside the caller's transaction.
    """
    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # files may be slow to read
    records = read_records(cursor)
    files = recorded_files(records)
    gone = sum(file.state == GONE for file in files)
    unreadable: dict[str, Finding] = {}  # by what is wrong: one file has all themes
    of_rows: list[Finding] = []
    total = 0
    for changes in compare(cursor, records, files, every=False):
        type_, name = changes.record.type, changes.record.name
        mend = reload(type_, "incremental", name)
        for event in changes.events:
            gone += event.event == "file_gone"
            if event.event == "file_unreadable":
                found = event_text(event)
                unreadable[found] = Finding(WARN, type_, event.name or None, None, found, mend)
        rows = [row for row in changes.rows if row.changed != DATABASE]
        total += len(rows)
        of_rows += [
            Finding(WARN, type_, name, row.symbol, row_text(changes.record, row, changes.file), mend)
            for row in rows[: most - len(of_rows)]
        ]
    note = f", {gone:,} no longer there" if gone else ""
    return Findings([*unreadable.values(), *of_rows][:most], total + len(unreadable), 0, note)
