"""How much funds change from one snapshot to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement
from tickstock.relationships.history.groups import find_group
from tickstock.relationships.history.renames import as_columns, read_renames, spans
from tickstock.relationships.queries.names import ETF

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection

_DAYS_A_YEAR = Decimal("365.25")
_STATEMENTS = 100  # at most (nearly): enough to show progress, too few to pay for their planning

Progress = Callable[[str, int, int], None]


class Interval(NamedTuple):
    """From the first day to the last, both included; None: no limit."""

    from_day: date | None = None
    to_day: date | None = None


class Step(NamedTuple):
    """What changed in a fund since the snapshot before (``before`` None: it is the first).

    ``turnover`` is half the sum of all absolute differences of weights, in percent; None where not all are known.
    """

    as_of: date
    before: date | None
    members: int
    added: int
    removed: int
    moved: int
    turnover: Decimal | None


class FundChurn(NamedTuple):
    """A fund with its steps, the earliest first."""

    etf: str
    steps: list[Step]

    def total(self, word: str) -> int:
        """Sum ``added``, ``removed`` or ``moved`` over all steps."""
        return sum(getattr(step, word) for step in self.steps)

    @property
    def turnover_a_year(self) -> Decimal | None:
        """Percent a year over the steps of which the turnover is known; None where there are none."""
        known = [(step.turnover, (step.as_of - step.before).days) for step in self.steps
                 if step.turnover is not None and step.before]  # fmt: skip
        days = sum(length for _, length in known)
        return sum((turnover for turnover, _ in known), Decimal(0)) * _DAYS_A_YEAR / days if days else None


def read_fund_churn(connection: Connection, name: str, interval: Interval) -> FundChurn:
    """One fund, a step for each of its snapshots in the interval.

    Raises:
        TickstockError: there never was a fund of that name.
    """
    found = find_group(connection, ETF, name)
    return FundChurn(found.name, [step for _, step in _steps(connection, found.ids, interval)])


def read_churn(
    connection: Connection, interval: Interval, progress: Progress = lambda step, done, of: None
) -> list[FundChurn]:
    """Every fund of the environment that has a snapshot in the interval, the highest turnover first."""
    with connection.cursor() as cursor:
        cursor.execute(statement("history/funds"))
        names: dict[int, str] = dict(cursor.fetchall())
    ids = sorted(names)
    steps: dict[str, list[Step]] = defaultdict(list)
    several = max(1, len(ids) // _STATEMENTS)
    for done in range(0, len(ids), several):
        progress("comparing files", done, len(ids))
        for group_id, step in _steps(connection, ids[done : done + several], interval):
            steps[names[group_id]].append(step)
    by_fund = (FundChurn(etf, sorted(own, key=lambda step: step.as_of)) for etf, own in steps.items())
    return sorted(by_fund, key=_most_first)


def _steps(connection: Connection, groups: list[int], interval: Interval) -> Iterable[tuple[int, Step]]:
    values = {
        **as_columns(spans(read_renames(connection))),
        "groups": groups,
        "from_day": interval.from_day or "-infinity",
        "to_day": interval.to_day or "infinity",
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("history/churn"), values)
        for group_id, *step in cursor.fetchall():
            yield group_id, Step._make(step)


def _most_first(fund: FundChurn) -> tuple[bool, Decimal, int, str]:
    turnover = fund.turnover_a_year
    return turnover is None, -(turnover or Decimal(0)), -fund.total("added") - fund.total("removed"), fund.etf
