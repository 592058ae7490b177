"""What a name that nothing has may have been meant for."""

from __future__ import annotations

from collections import defaultdict
from difflib import SequenceMatcher, get_close_matches
from shlex import quote
from typing import TYPE_CHECKING, Any

from tickstock.relationships.queries.identity import Rename, names_of, read_renames
from tickstock.relationships.queries.names import (
    ETF,
    KINDS,
    STOCK,
    Kind,
    how_to_load,
    spellings,
    stored_funds,
    stored_symbols,
    typed,
)
from tickstock.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tickstock.db import Connection

MOST = 5


def explain(connection: Connection, kind: Kind, name: str, former: Iterable[str] = ()) -> str:
    """One sentence: what was not found and where, and what to try instead, which may be of the ``former`` names."""
    ((environment,),) = _rows(connection, "SELECT current_environment()")
    start = f"no {kind.noun} {printable(typed(name)[:40])!r} in {printable(environment)}"
    if elsewhere := _elsewhere(connection, kind, name):
        return f"{start}; {elsewhere}"
    if kind is STOCK and (renamed := _renamed(connection, name)):
        return renamed
    names = _stock_names(connection) if kind is STOCK else _group_names(connection, kind)
    for each in former:
        names.setdefault(each.casefold(), set()).add(each)
    if not names:
        return f"{start}: nothing of that kind is loaded; load it: {how_to_load(kind, environment)}"
    if near := _nearest(typed(name), names):
        return f"{start}; nearest: {', '.join(map(printable, near))}; --stats counts what is loaded"
    if kind is STOCK:
        return f"{start}, and none is near; --stats counts what is loaded"
    known = sorted({each for several in names.values() for each in several})
    more = f" and {len(known) - 20:,} more" if len(known) > 20 else ""
    return f"{start}; expected one of: {', '.join(map(printable, known[:20]))}{more}"


def suggest(connection: Connection, kind: Kind, name: str) -> list[tuple[Kind, str]]:
    """What may have been meant instead, most of it of the same kind; empty where nothing is near."""
    if elsewhere := _found_elsewhere(connection, kind, name):
        return elsewhere
    if kind is STOCK and (rename := rename_of(connection, name)):
        return [(STOCK, rename[1])]
    names = _stock_names(connection) if kind is STOCK else _group_names(connection, kind)
    return [(kind, near) for near in _nearest(typed(name), names)]


def _elsewhere(connection: Connection, kind: Kind, name: str) -> str:
    """Where the same name is something else."""
    return ", or ".join(
        f"{printable(found)} is {'an' if other is ETF else 'a'} {other.noun}: {other.option} {quote(printable(found))}"
        for other, found in _found_elsewhere(connection, kind, name)
    )


def _found_elsewhere(connection: Connection, kind: Kind, name: str) -> list[tuple[Kind, str]]:
    sql = "SELECT type, name FROM environment_groups WHERE lower(name) = lower(%s)"
    found: dict[str, str] = dict(_rows(connection, sql, typed(name)))
    funds = stored_funds(connection, [name])
    if name in funds:
        found[ETF.type] = funds[name]
    else:
        found[STOCK.type] = stored_symbols(connection, [name]).get(name, "")
    return [(other, found[other.type]) for other in KINDS if other is not kind and found.get(other.type)]


def _renamed(connection: Connection, name: str) -> str:
    """What became of a symbol that a company has given up."""
    if found := rename_of(connection, name):
        rename, new = found
        return printable(f"{rename.old} was renamed to {rename.new} on {rename.on}; try --stock {new}")
    return ""


def rename_of(connection: Connection, name: str) -> tuple[Rename, str] | None:
    """The last rename of a symbol, and the symbol that its company has today."""
    renames = read_renames(connection)
    for old in spellings(name):
        if rename := next((each for each in reversed(renames) if each.old == old), None):
            return rename, names_of(renames, rename.new, rename.on)[-1].symbol
    return None


def _nearest(name: str, names: dict[str, set[str]]) -> list[str]:
    """People seldom miss the first letter, or how many there are: such names come first among the close ones."""
    asked = name.casefold()
    close = {
        key: SequenceMatcher(None, asked, key).ratio() + (key[:1] == asked[:1]) / 10 + (len(key) == len(asked)) / 10
        for key in get_close_matches(asked, names, n=10 * MOST)
    }
    ranked = sorted(close, key=lambda key: (-close[key], key))
    return list(dict.fromkeys(each for key in ranked for each in sorted(names[key])))[:MOST]


def _group_names(connection: Connection, kind: Kind) -> dict[str, set[str]]:
    rows = _rows(connection, "SELECT name FROM environment_groups WHERE type = %s", kind.type)
    return {name.casefold(): {name} for (name,) in rows}


def _stock_names(connection: Connection) -> dict[str, set[str]]:
    """Symbols, and the beginnings of their companies' names, each -> the symbols meant."""
    result: dict[str, set[str]] = defaultdict(set)
    sql = "SELECT symbol, s.name FROM environment_stocks LEFT JOIN stock_sectors s USING (symbol)"
    for symbol, company in _rows(connection, sql):
        result[symbol.casefold()].add(symbol)
        words = (company or "").casefold().split()
        for count in range(1, min(len(words), 3) + 1):
            result[" ".join(words[:count])].add(symbol)
    return result


def _rows(connection: Connection, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall()
