"""What a job can be started for instead of typed symbols: groups, and the lists that the cache organisation made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.errors import BadInputError

if TYPE_CHECKING:
    from tickstock.db import Connection


class Choice(NamedTuple):
    """What can be chosen instead of typing symbols: ``universe`` names it (``UNIVERSE sp500``)."""

    universe: str
    kind: str
    name: str
    symbols: int


def read_choices(connection: Connection) -> list[Choice]:
    """What can be chosen in the environment of the session (``tickstock.environment``): universes first, then the
    leader lists, funds, sectors and themes.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement("jobs/choices"))
        return [Choice(*row) for row in cursor.fetchall()]


def read_universe(connection: Connection, universe: str) -> tuple[str, ...]:
    """The symbols of a choice, in the environment of the session.

    Raises:
        BadInputError: there is no such choice, or nothing in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement("jobs/universe"), {"universe": universe})
        found = tuple(symbol for (symbol,) in cursor.fetchall())
    if not found:
        raise BadInputError(f"there is no universe {universe!r} with symbols; expected one of those on the page")
    return found
