"""Finding what a person means: groups whatever the case, symbols in any spelling."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import TickstockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tickstock.db import Connection


class Kind(NamedTuple):
    """What can be asked for by name: ``noun`` in messages, ``option`` of the script, ``loader`` that fills it."""

    type: str
    noun: str
    option: str
    loader: str


STOCK = Kind("", "stock", "--stock", "refresh.py weekly")
ETF = Kind("ETF", "ETF", "--etf", "load_etf_holdings.py")
SECTOR = Kind("SECTOR", "sector", "--sector", "organize_sectors_industries.py")
THEME = Kind("THEME", "theme", "--theme", "organize_universe.py")
UNIVERSE = Kind("UNIVERSE", "universe", "--universe", "load_universes.py")
KINDS = (STOCK, ETF, SECTOR, THEME, UNIVERSE)


class Group(NamedTuple):
    """A group as it is stored; ``description`` of a fund is its name."""

    id: int
    name: str
    description: str | None


def use_environment(connection: Connection, environment: str) -> None:
    """Make the views of the connection speak of this environment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tickstock.environment', %s, false)", (environment,))


def require_group(connection: Connection, kind: Kind, name: str) -> Group:
    """The group of that name, whatever its case, blanks and signs (``Crypto Miners``).

    A sector is found by another name of it too (``Technology``).

    Raises:
        TickstockError: there is none; the message names the nearest.
    """
    found = find_group(connection, kind, name)
    if found is None:
        raise not_found(connection, kind, name)
    return found


def find_group(connection: Connection, kind: Kind, name: str) -> Group | None:
    """The same; None where there is none."""
    found = _group(connection, kind, name)
    if found is None and kind is SECTOR:
        from tickstock.sector_names import canonical_sector

        try:
            found = _group(connection, kind, canonical_sector(name))
        except ValueError:
            found = None
    return found


def same_name(kind: Kind, asked: str, names: Sequence[str]) -> str | None:
    """The one of some names that :func:`find_group` would find; None where it would find none of them."""
    wanted = [typed(asked)]
    if kind is SECTOR:
        from tickstock.sector_names import canonical_sector

        with suppress(ValueError):
            wanted.append(canonical_sector(asked))
    for each in wanted:
        near = [name for name in names if name == each or _letters(name) == _letters(each) != ""]
        if near:
            return min(near, key=lambda name: (name != each, name.lower() != each.lower(), name))
    return None


def not_found(connection: Connection, kind: Kind, name: str, former: Iterable[str] = ()) -> TickstockError:
    """The error for a name that nothing has, with what is near among what is stored and the ``former`` names."""
    from tickstock.relationships.queries.nearest import explain  # difflib takes its time

    return TickstockError(explain(connection, kind, name, former))


def stored_symbols(connection: Connection, asked: Iterable[str]) -> dict[str, str]:
    """What is asked for -> the symbol as it is stored, for those that are a member of anything.

    The canonical spelling comes first (``brk/b`` is ``BRK.B``), then others of it, then whatever the case: an
    older database may hold foreign ones.
    """
    spelled = {name: spellings(name) for name in asked}
    exact = "SELECT DISTINCT symbol FROM environment_memberships WHERE symbol = ANY (%s)"
    found = _first_stored(connection, exact, spelled)
    if rest := {name: [each.upper() for each in spelled[name]] for name in spelled if name not in found}:
        folded = "SELECT DISTINCT symbol FROM environment_memberships WHERE upper(symbol) = ANY (%s) ORDER BY 1"
        found |= _first_stored(connection, folded, rest)
    return found


def stored_funds(connection: Connection, asked: Iterable[str]) -> dict[str, str]:
    """What is asked for -> the fund's name as it is stored, for those that are a fund."""
    spelled = {name: [each.upper() for each in spellings(name)] for name in asked}
    sql = "SELECT name FROM environment_groups WHERE type = 'ETF' AND upper(name) = ANY (%s) ORDER BY name"
    return _first_stored(connection, sql, spelled)


def how_to_load(kind: Kind, environment: str) -> str:
    """The command that loads what the environment has nothing of."""
    from shlex import quote

    from tickstock.terminal import printable

    option = "" if environment == "DEFAULT" else f" --environment {quote(printable(environment))}"
    return f"python scripts/cache_maintenance/{kind.loader}{option}"


def typed(name: str) -> str:
    """What a person typed, without blanks around it and without bytes that are no text."""
    return name.strip().encode(errors="replace").decode()


def spellings(name: str) -> list[str]:
    """The canonical spelling, what was typed, and the other separators of a share class."""
    from tickstock.symbols import read_ticker

    canonical = read_ticker(typed(name)).symbol
    others = [canonical.replace(".", separator) for separator in "-/ "] if "." in canonical else []
    return [each for each in dict.fromkeys([canonical, typed(name), *others]) if each]


def _letters(name: str) -> str:
    return "".join(each for each in name.lower() if each.isascii() and each.isalnum())


def _group(connection: Connection, kind: Kind, name: str) -> Group | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, name, description FROM environment_groups"
            " WHERE type = %(type)s AND (name = %(name)s OR regexp_replace(lower(name), '[^a-z0-9]', '', 'g') ="
            " NULLIF(regexp_replace(lower(%(name)s), '[^a-z0-9]', '', 'g'), ''))"
            " ORDER BY name <> %(name)s, lower(name) <> lower(%(name)s), name LIMIT 1",
            {"type": kind.type, "name": typed(name)},
        )
        row = cursor.fetchone()
    return Group._make(row) if row else None


def _first_stored(connection: Connection, sql: str, spelled: dict[str, list[str]]) -> dict[str, str]:
    stored = _column(connection, sql, sorted({each for several in spelled.values() for each in several}))
    own = {name: name for name in reversed(stored)}
    by_case = {name.upper(): name for name in reversed(stored)} | own
    return {
        name: next(by_case[each] for each in several if each in by_case)
        for name, several in spelled.items()
        if any(each in by_case for each in several)
    }


def _column(connection: Connection, sql: str, values: Sequence[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, (list(values),))
        return [row[0] for row in cursor.fetchall()]
