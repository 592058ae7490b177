"""The day that a question is about, and what of it was known when: the connection answers for that from then on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection


class Moment(NamedTuple):
    """What held on ``day``, as it was known at the end of the day ``known_on`` (UTC); None: as it is known now.

    ``known`` is the version of the data that this is, 0 where nothing was known yet. Its runs are those up to ``last``
    (None: there was none) but for some ``late`` ones: runs are numbered as they begin, versions as they commit. No run
    before ``next`` is unknown (None: nor any other). ``path`` is the search path that answers for the present.
    """

    day: date
    known_on: date | None
    path: str
    known: int | None = None
    last: int | None = None
    next: int | None = None
    late: tuple[int, ...] = ()

    def values(self, **more: object) -> dict[str, Any]:
        """The parameters of the statements that ask of a moment, and others beside them."""
        of_runs = {"known": self.known, "last": self.last, "next": self.next, "late": list(self.late)}
        return {"day": self.day, **of_runs, **more}

    def knows(self, run: int) -> bool:
        """Whether what a run did counts."""
        return self.known is None or (self.last is not None and run <= self.last and run not in self.late)


def go_to(connection: Connection, as_of: date | None, known_on: date | None) -> Moment:
    """Make the tables and views of the connection those of a moment, to the end of its transaction.

    Without ``as_of`` it is the day ``known_on``; one of the two is needed.
    """
    day = as_of or known_on
    assert day is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path')")
        ((path,),) = cursor.fetchall()
    moment = Moment(day, known_on, path)
    if known_on is not None:
        moment = _as_known(connection, moment, known_on)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('search_path', concat_ws(', ', 'as_of', NULLIF(%s, '')), true),"
            " set_config('tickstock.as_of', %s::date::text, true),"
            " set_config('tickstock.known_version', COALESCE(%s::text, ''), true)",
            (path, day, moment.known),
        )
    return moment


def _as_known(connection: Connection, moment: Moment, known_on: date) -> Moment:
    end = datetime(known_on.year, known_on.month, known_on.day, tzinfo=UTC) + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(max(version) FILTER (WHERE changed_at < %(end)s), 0),"
            " min(version) FILTER (WHERE changed_at >= %(end)s),"
            " max(load_id) FILTER (WHERE changed_at < %(end)s), min(load_id) FILTER (WHERE changed_at >= %(end)s)"
            " FROM data_version",
            {"end": end},
        )
        ((known, unknown, last, next_),) = cursor.fetchall()
        late: list[int] = []
        # Runs that overlapped, or a clock that was set back.
        if next_ is not None and known and (next_ < last or unknown < known):
            cursor.execute("SELECT last, next, late FROM runs_known(%s)", (known,))
            ((last, next_, late),) = cursor.fetchall()
    return moment._replace(known=known, last=last, next=next_, late=tuple(late))


def go_back(connection: Connection, moment: Moment) -> None:
    """Make the tables and views those of the present again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, true)", (moment.path,))


def remarks(as_of: date | None, known_on: date | None) -> list[str]:
    """What a person may not have expected of the days that were asked for."""
    today = datetime.now(UTC).date()
    result = []
    if as_of is None and known_on is not None:
        result.append(f"--known-on {known_on} without --as-of asks for that day: --as-of {known_on}")
    for option, day, holds in (("--as-of", as_of, "the answer is what holds now"),
                               ("--known-on", known_on, "what is known now counts")):  # fmt: skip
        if day is not None and day > today:
            result.append(f"{option} {day} lies ahead: {holds}")
    return result
