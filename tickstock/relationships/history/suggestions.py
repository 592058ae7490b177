"""Renames that the files of several funds suggest and that nobody has accepted yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.relationships.history.renames import as_columns, read_renames, spans

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection


class Suggestion(NamedTuple):
    """``funds`` dropped the old symbol and added the new one on ``day``, with nearly the same weight."""

    old_symbol: str
    new_symbol: str
    day: date
    funds: list[str]

    @property
    def line(self) -> str:
        """The line for a file of renames."""
        return f"{self.old_symbol},{self.new_symbol},{self.day}"


def read_suggestions(connection: Connection, days: tuple[date, date]) -> list[Suggestion]:
    """What all stored funds of the environment suggest after the first day, up to the second, the earliest first."""
    values = {**as_columns(spans(read_renames(connection))), "from_day": days[0], "to_day": days[1]}
    with connection.cursor() as cursor:
        cursor.execute(statement("history/suggested_renames"), values)
        return [Suggestion._make(row) for row in cursor.fetchall()]
