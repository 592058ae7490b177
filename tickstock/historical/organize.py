"""The entries that an application starts with, computed from symbols and groups: planned as a whole, then applied.

Readers see the entries of before or those of afterwards, and nothing between the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import psycopg2
from psycopg2 import errors

from tickstock.db import insert_values, statement, transaction
from tickstock.errors import BusyError, NoInputError
from tickstock.historical.entry_rules import TYPES, rules
from tickstock.historical.fund_kinds import OTHER, fund_issuer, fund_kinds

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor

REPLACE, APPEND = "replace", "append"
ACTIONS = ("added", "changed", "removed", "unchanged", "kept")
_LOCK = "hashtextextended('tickstock organize', 0)"


class Options(NamedTuple):
    """What to organise. ``mode`` ``replace`` makes the entries of our types what they should be and removes all others
    of these types; ``append`` adds what is missing and leaves every entry that is there."""

    environment: str = "DEFAULT"
    mode: str = REPLACE
    dry_run: bool = False


class Entry(NamedTuple):
    """An entry of the plan. ``count`` is how many symbols it has afterwards, ``before`` how many it had (None: it was
    not there, or counts none); ``is_wanted`` is False for an entry that no rule asks for."""

    type: str
    name: str
    key: str
    action: str
    before: int | None
    count: int | None  # type: ignore[assignment]  # it hides a method of tuple that nobody needs
    is_wanted: bool

    @property
    def place(self) -> str:
        """``stock_universe | market_cap | mega_cap``."""
        return f"{self.type} | {self.name} | {self.key}"


class Organized(NamedTuple):
    """The plan, which unless it was a dry run is applied; by whom, with which program, and when (UTC)."""

    options: Options
    entries: tuple[Entry, ...]
    stocks: int
    stocks_with_market_cap: int
    etfs: int
    who: str
    program: str
    at: datetime

    @property
    def totals(self) -> dict[str, int]:
        """How many entries were ``added``, ``changed``, ``removed``, ``unchanged`` and ``kept``."""
        found = Counter(entry.action for entry in self.entries)
        return {action: found[action] for action in ACTIONS}

    @property
    def changes(self) -> tuple[Entry, ...]:
        """The entries that were added, changed or removed."""
        return tuple(entry for entry in self.entries if entry.action in ACTIONS[:3])

    @property
    def outdated(self) -> int:
        """How many entries were kept with another value than they should have."""
        return sum(entry.action == "kept" and entry.is_wanted for entry in self.entries)


def organize(connection: Connection, options: Options) -> Organized:
    """Plan the entries of an environment, and apply exactly that: all of it in one transaction, or nothing.

    What changed is told with the commit on the channels of :mod:`tickstock.historical.announce`. The connection must
    be in autocommit mode, outside of a transaction.

    Raises:
        NoInputError: there is no symbol to organise; what is stored stays.
        BusyError: another session organises, or changes entries, at this moment.
        psycopg2.Error: a statement failed, and all was rolled back.
    """
    from tickstock.historical.announce import messages, notify

    with _locked_transaction(connection, options) as cursor:
        cursor.execute("SELECT set_config('tickstock.environment', %s, true)", (options.environment,))
        _stage(cursor, options)
        cursor.execute(statement("organize/plan"), {"mode": options.mode, "types": list(TYPES)})
        organized = _planned(cursor, options)
        if not options.dry_run:
            cursor.execute(statement("organize/apply"))
            notify(cursor, messages(organized))
    return organized


def _stage(cursor: Cursor, options: Options) -> None:
    """Compute what each entry should be, into temporary tables."""
    cursor.execute(statement("organize/symbols"))
    cursor.execute("SELECT count(*) FROM organized_symbols")
    if cursor.fetchone() == (0,):
        raise NoInputError(
            f"found no symbols, and no groups with members in {options.environment}, to organise; load some first "
            "(python scripts/cache_maintenance/load_etf_holdings.py) and try again; what is stored stays"
        )
    _tell_kinds(cursor)
    cursor.execute("SELECT name FROM environment_groups WHERE type = 'THEME' ORDER BY name COLLATE \"C\"")
    insert_values(cursor, "INSERT INTO entry_rules VALUES", list(rules(name for (name,) in cursor.fetchall())))
    cursor.execute(statement("organize/entries"))
    cursor.execute(statement("organize/summary"))


def _tell_kinds(cursor: Cursor) -> None:
    """The kinds of each fund, and what its name tells where ``symbols`` says nothing."""
    cursor.execute("SELECT symbol, name, etf_type, issuer FROM organized_symbols WHERE is_fund")
    kinds, told = [], []
    for symbol, name, etf_type, issuer in cursor.fetchall():
        found = _kinds(symbol, name, etf_type)
        kinds += [(symbol, kind) for kind in found if kind != OTHER]
        if etf_type is None or issuer is None:
            told.append((symbol, etf_type or found[0], issuer or fund_issuer(name)))
    if kinds:
        insert_values(cursor, "INSERT INTO kinds_of_funds VALUES", kinds)
    if told:
        insert_values(
            cursor,
            "UPDATE organized_symbols s SET etf_type = t.etf_type, issuer = t.issuer FROM (VALUES",
            told,
            ") t (symbol, etf_type, issuer) WHERE s.symbol = t.symbol",
        )
    cursor.execute("ANALYZE kinds_of_funds")


def _kinds(symbol: str, name: str | None, etf_type: str | None) -> tuple[str, ...]:
    """What is stored and told by no name is somebody's decision, and counts alone."""
    found = fund_kinds(symbol, name)
    return found if etf_type is None or etf_type in found else (etf_type,)


def _planned(cursor: Cursor, options: Options) -> Organized:
    cursor.execute(
        "SELECT count(*) FILTER (WHERE NOT is_fund), count(market_cap) FILTER (WHERE NOT is_fund),"
        " count(*) FILTER (WHERE is_fund), session_user, current_setting('application_name'), now()"
        " FROM organized_symbols"
    )
    (row,) = cursor.fetchall()
    cursor.execute(statement("organize/changes"))
    return Organized(options, tuple(map(Entry._make, cursor.fetchall())), *row)


@contextmanager
def _locked_transaction(connection: Connection, options: Options) -> Iterator[Cursor]:
    """A transaction that no other organises beside. A dry run writes nothing that lasts and needs no lock."""
    try:
        with _lock(connection, options) as held, transaction(connection) as cursor:
            if held:
                # From here on the lock is the transaction's, and ends with it, however that ends.
                cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK}), pg_advisory_unlock({_LOCK})")
                held.clear()
            yield cursor
    except (errors.LockNotAvailable, errors.SerializationFailure, errors.UniqueViolation) as error:
        raise BusyError(
            "another session changes cache_entries at this moment; nothing was written, try again when it is done"
        ) from error


@contextmanager
def _lock(connection: Connection, options: Options) -> Iterator[list[str]]:
    """Wait for the lock before the transaction begins: its snapshot would be older than what it waited for."""
    held = [] if options.dry_run else [_LOCK]
    with connection.cursor() as cursor:
        try:
            if held:
                cursor.execute(f"SELECT pg_advisory_lock({_LOCK})")
        except errors.LockNotAvailable as error:
            raise BusyError(
                f"the cache is being organised by another session ({_holder(cursor)}); nothing was written, "
                "try again when it is done"
            ) from error
    try:
        yield held
    finally:
        if held:
            with suppress(psycopg2.Error), connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({_LOCK})")


def _holder(cursor: Cursor) -> str:
    cursor.execute(
        "SELECT a.pid, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"  # noqa: S608
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        f" AND (l.classid::bigint << 32) | l.objid::bigint = {_LOCK}"
    )
    row = cursor.fetchone()
    return f"pid {row[0]}, {row[1] or 'without a name'}" if row else "it ended just now"
