"""A stock that a load brings is in the sector ``unknown`` from the same commit on, until it is classified."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import closing, statement
from tickstock.relationships.locks import MovedError, hold_lock

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor, Database
    from tickstock.relationships.plan import Options


class Coming(NamedTuple):
    """What a dry run planned, as far as it decides on a sector.

    ``kind`` is ``stock`` (a group gets it), ``left`` (a stored membership, by its id, is to go), ``fund`` and
    ``ended`` (a new fund's name, or that of one that is to go) or ``held`` (a row of a sector SPDR, as the file that
    was read leaves it).
    """

    kind: str
    symbol: str
    membership_id: int | None = None
    etf: str | None = None
    weight: Decimal | None = None
    as_of: date | None = None


def read_coming(connection: Connection, type_: str) -> list[Coming]:
    """What the plan that this connection computed last, for groups of a type, would bring to the sectors."""
    with connection.cursor() as cursor:
        cursor.execute(statement("load/coming"), {"type": type_})
        return [Coming._make(row) for row in cursor.fetchall()]


def count_entering(cursor: Cursor, options: Options) -> int:
    """How many stocks the plan of this connection would bring that are in no sector yet."""
    if not options.enters_stocks:
        return 0
    cursor.execute(f"SELECT count(*) FROM ({statement('load/entering')}) entering", _values(options))  # noqa: S608
    return int(cursor.fetchone()[0])  # type: ignore[index]


def read_entering(cursor: Cursor, options: Options) -> list[str]:
    """The stocks that the plan of this connection would bring that are in no sector yet."""
    if not options.enters_stocks:
        return []
    cursor.execute(f"SELECT symbol FROM ({statement('load/entering')}) entering", _values(options))  # noqa: S608
    return [symbol for (symbol,) in cursor.fetchall()]


def enter_stocks(database: Database, cursor: Cursor, options: Options) -> int:
    """Put the stocks that the plan brought into ``unknown``, within the load's own transaction; give their number.

    Raises:
        BusyError, psycopg2.errors.LockNotAvailable: a load of sectors runs for too long.
        MovedError: since the transaction's snapshot somebody has put some of them into a sector, or taken one of the
            others out of its.
    """
    if not options.enters_stocks:
        return 0
    hold_lock(cursor, options._replace(type="SECTOR"))
    cursor.execute(
        f"INSERT INTO group_memberships (group_id, symbol, metadata) {statement('load/entering')} RETURNING symbol",
        _values(options),
    )
    symbols = [symbol for (symbol,) in cursor.fetchall()]
    cursor.execute("SELECT last_value > (SELECT max(version) FROM data_version) FROM data_version_version_seq")
    if cursor.fetchone() != (False,):
        # Somebody committed since our snapshot: with another connection, look whether these stocks are concerned.
        cursor.execute(statement("load/in_sector"), {**_values(options), "entered": symbols})
        settled = [symbol for (symbol,) in cursor.fetchall()]
        with closing(database.connect()) as connection, connection.cursor() as other:
            other.execute(statement("load/moved_sectors"), {**_values(options), "entered": symbols, "settled": settled})
            if other.fetchone() == (True,):
                raise MovedError
    return len(symbols)


def _values(options: Options) -> dict[str, str]:
    return {"environment": options.environment, "type": options.type}
