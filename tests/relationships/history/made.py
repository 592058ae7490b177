"""Small histories: issuers' files that carry their own date, and what a test asks of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.history.ask import reading
from tickstock.relationships.queries.ask import Answer

_HEADER = "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price"


def write_dated(folder: Path, etf: str, day: str, weights: Mapping[str, object], cash: int = 0) -> Path:
    """Write a fund's file as iShares gives it, as of ``day``, with so many lines of cash."""
    shown = date.fromisoformat(day).strftime("%b %d, %Y")
    lines = [f'"{symbol}","{symbol} INC","-","Equity","1","{weight}","1","1","1"' for symbol, weight in weights.items()]
    lines += ['"USD","USD CASH","Cash and/or Derivatives","Cash","1","0.00","1","1","1"'] * cash
    head = [f"iShares {etf} ETF", f'Fund Holdings as of,"{shown}"', "\u00a0", _HEADER]
    path = folder / f"{etf}_holdings.csv"
    path.write_text("\n".join([*head, *lines, ""]), encoding="utf-8")
    return path


def days(first: str, last: str) -> tuple[date, date]:
    return date.fromisoformat(first), date.fromisoformat(last)


def text_of(connection: Connection, ask: Callable[[Connection], Answer], verbose: bool = False) -> str:
    """The lines that a question is answered with."""
    with reading(connection, "DEFAULT"):
        return "\n".join(ask(connection).lines(verbose))


def record_undo(connection: Connection, run: int, groups: list[str], statements: str) -> int:
    """Take back what ``run`` did to some groups, with the record that an undo leaves. Gives the run of the undo.

    ``statements`` are what puts the rows back; the triggers put them on record.
    """
    query(connection, "BEGIN")
    ((undo,),) = query(
        connection,
        "INSERT INTO load_runs (kind, type, environment, undoes, added, changed, removed)"
        " VALUES ('undo', 'ETF', 'DEFAULT', %s, 0, 1, 0) RETURNING id",
        run,
    )
    query(
        connection,
        "INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint,"
        " stored_fingerprint, rows, members, scope)"
        " SELECT %s, id, name, '', 'undo', '', '', '', 0, 0, 'undo' FROM definition_groups WHERE name = ANY (%s)",
        undo, groups,
    )  # fmt: skip
    holds_again = "UPDATE load_files SET undone_by = NULL WHERE undone_by = %s AND group_name = ANY (%s)"
    query(connection, holds_again, run, groups)
    query(
        connection,
        "UPDATE load_files SET undone_by = %s WHERE load_id = %s AND group_name = ANY (%s)",
        undo, run, groups,
    )  # fmt: skip
    query(connection, statements)
    query(connection, "COMMIT")
    assert isinstance(undo, int)
    return undo


def group_id(connection: Connection, name: str) -> int:
    ((found,),) = query(connection, "SELECT id FROM definition_groups WHERE name = %s", name)
    assert isinstance(found, int)
    return found
