"""An environment in numbers on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.relationships.queries.standing import read_snapshots
from tickstock.relationships.queries.states import KNOWN, NOT_KNOWN, GroupState, read_states
from tickstock.relationships.queries.stats import Stats, read_stats

if TYPE_CHECKING:
    from datetime import datetime

    from tickstock.db import Connection
    from tickstock.relationships.queries.moment import Moment


class PastStats(NamedTuple):
    """Counts on a day; ``known_since`` is when the last file that they stand on came in, None without any.

    ``status`` is ``not known`` where no fund, universe or theme was known then.
    """

    stats: Stats
    moment: Moment
    status: str
    states: list[GroupState]
    known_since: datetime | None


def read_past_stats(connection: Connection, moment: Moment) -> PastStats:
    """Count what the environment held on a day; all zero where it held nothing."""
    stats = read_stats(connection)
    states = read_states(connection, moment)
    known = [state.id for state in states if state.id is not None and state.type != "SECTOR"]
    since = max((each.known_since for each in read_snapshots(connection, moment, known).values()), default=None)
    return PastStats(stats, moment, KNOWN if known else NOT_KNOWN, states, since)
