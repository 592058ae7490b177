"""Which symbols were the same stock: renames followed in both directions. Pure functions on the accepted renames."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tickstock.db import Connection


class Rename(NamedTuple):
    """``on`` is the first day of the new symbol."""

    old: str
    new: str
    on: date


class Name(NamedTuple):
    """A symbol of a stock, and the days that it was: from ``since`` to before ``until``.

    Without limits it is the first and the last of days. Who else has the symbol before or after is another stock.
    """

    symbol: str
    since: date
    until: date


def read_renames(connection: Connection) -> list[Rename]:
    """All renames that were accepted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT old_symbol, new_symbol, renamed_on FROM symbol_renames")
        return sorted(map(Rename._make, cursor.fetchall()), key=lambda rename: (rename.on, rename.old))


def names_of(renames: Sequence[Rename], symbol: str, day: date = date.max) -> list[Name]:
    """All names, the oldest first, of the stock that ``symbol`` is on ``day``; by default on the last of days."""
    name = _name(renames, symbol, day)
    names = [name]
    while before := next((each for each in renames if (each.new, each.on) == (names[0].symbol, names[0].since)), None):
        names.insert(0, _name(renames, before.old, date.fromordinal(before.on.toordinal() - 1)))
    while after := next((each for each in renames if (each.old, each.on) == (names[-1].symbol, names[-1].until)), None):
        names.append(_name(renames, after.new, after.on))
    return names


def name_on(names: Sequence[Name], day: date) -> Name | None:
    """The name of a stock on a day; None where none of its symbols was its own then."""
    return next((each for each in names if each.since <= day < each.until), None)


def row_limits(names: Sequence[Name], day: date) -> list[Name]:
    """Which rows of a day speak of the stock: the symbols that it had by then, and of what days the rows have to be.

    A row stays until the next file, so an old symbol is found after its last day. A new one may be found before its
    first (issuers do not all change on one day), but not where another stock had it before.
    """
    had = [each for each in names if each.since <= day]
    return [each if place == 0 else each._replace(since=date.min) for place, each in enumerate(had)]


def symbol_now(renames: Sequence[Rename], symbol: str, said_on: date) -> str:
    """The symbol today of what a file of the day ``said_on`` calls ``symbol``."""
    return names_of(renames, symbol, said_on)[-1].symbol


def _name(renames: Sequence[Rename], symbol: str, day: date) -> Name:
    limits = sorted({each.on for each in renames if symbol in (each.old, each.new)})
    return Name(
        symbol,
        max((limit for limit in limits if limit <= day), default=date.min),
        min((limit for limit in limits if limit > day), default=date.max),
    )
