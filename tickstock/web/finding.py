"""A group for its page: as it is today, or as it was on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickstock.errors import TickstockError
from tickstock.relationships.queries.groups import read_fund, read_group, read_sector
from tickstock.relationships.queries.moment import go_back, go_to
from tickstock.relationships.queries.names import ETF, SECTOR, Kind, find_group
from tickstock.relationships.queries.past_group import PastGroup, read_past_group
from tickstock.web.asking import today

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection


class Found:
    """A group by its stored ``name``. ``group`` is a Fund, Group or Sector, None where there was none on that day.

    ``past`` is there where a past day was asked for, or where the group is gone; ``id`` where it is stored today.
    """

    def __init__(self, name: str, group: Any, past: PastGroup | None, id_: int | None) -> None:
        self.name, self.group, self.past, self.id = name, group, past, id_


def find(connection: Connection, kind: Kind, name: str, day: date | None) -> Found | None:
    """The group of this name, whatever its case, blanks and signs; None where there never was one."""
    stored = find_group(connection, kind, name)
    if day is None and stored:
        return Found(stored.name, _read(connection, kind, stored.name), None, stored.id)
    moment = go_to(connection, day or today(), None)
    try:
        past = read_past_group(connection, moment, kind, name)
    except TickstockError:
        return None
    finally:
        go_back(connection, moment)
    return Found(past.name, past.group, past, stored.id if stored else None)


def _read(connection: Connection, kind: Kind, name: str) -> Any:
    if kind is ETF:
        return read_fund(connection, name)
    return read_sector(connection, name) if kind is SECTOR else read_group(connection, kind, name)
