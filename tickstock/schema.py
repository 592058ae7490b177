"""Whether the database still has all that the migrations made. What somebody added to it is no business of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.errors import UnavailableError

if TYPE_CHECKING:
    from tickstock.db import Connection

_STATEMENT = re.compile(
    r"^(CREATE|DROP|ALTER) (?:OR REPLACE )?(?:UNIQUE |CONSTRAINT )?(TABLE|INDEX|VIEW|FUNCTION|TRIGGER) "
    r"(?:IF (?:NOT )?EXISTS )?([\w.]+)(.*?);$",
    re.MULTILINE | re.DOTALL,
)
_COLUMN = re.compile(r"^    (?:ADD COLUMN )?([a-z]\w*) ", re.MULTILINE)
_TABLE_OF_TRIGGER = re.compile(r"\bON (\w+)")


class Made(NamedTuple):
    """A table, view, column, index, function or trigger, and the migration that made it last."""

    kind: str
    name: str
    file: str


def made_by(migrations: Iterable[Path]) -> list[Made]:
    """What is there after these migrations: as they are written here, each statement from the start of a line on."""
    made: dict[tuple[str, str], Made] = {}
    for path in migrations:
        for verb, kind, name in _objects(path.read_text(encoding="utf-8")):
            if verb == "DROP":
                made.pop((kind, name), None)
            else:
                made[kind, name] = Made(kind, name, path.name)
    return list(made.values())


def require_whole(connection: Connection, migrations: Iterable[Path]) -> None:
    """Refuse a database that lacks what its migrations made.

    Raises:
        UnavailableError: something is gone; the first of it is named, with the file that has it.
    """
    made = made_by(migrations)
    values = {"kinds": [each.kind for each in made], "names": [each.name for each in made]}
    with connection.cursor() as cursor:
        cursor.execute(statement("schema/missing"), values)
        gone = cursor.fetchall()
    if gone:
        first = next(each for each in made if (each.kind, each.name) == gone[0])
        more = f" and {len(gone) - 1} more objects" if len(gone) > 1 else ""
        raise UnavailableError(
            f"the database lacks the {first.kind} {first.name}{more}, which the migrations made; put it back as "
            f"sql/{first.file} has it (make psql opens the database), or restore a backup"
        )


def _objects(text: str) -> Iterator[tuple[str, str, str]]:
    for verb, kind, name, rest in _STATEMENT.findall(text):
        if kind == "TRIGGER":
            yield verb, "trigger", f"{name} on {_TABLE_OF_TRIGGER.findall(rest)[0]}"
        elif verb != "ALTER":
            yield verb, kind.lower(), name
        if kind == "TABLE" and verb != "DROP":
            for column in _COLUMN.findall(rest):
                yield "CREATE", "column", f"{name}.{column}"
