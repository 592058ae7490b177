"""Which versions of a membership, or of a group, held at a moment. It says the same as ``members_on`` and ``groups_on``
of the database, but asks only for what one question needs: a statement of few tables is planned in no time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from datetime import date
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.db import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tickstock.db import Connection
    from tickstock.relationships.queries.moment import Moment


class Version(NamedTuple):
    """What was said of ``key``, a group or a symbol in one; ``content`` None: it was not there.

    It holds from ``valid_from`` to before ``valid_to``, without one on; ``opened_by`` and ``closed_by`` are runs.
    """

    key: Any
    content: Any
    valid_from: date
    valid_to: date | None
    opened_by: int
    closed_by: int | None

    def end(self, moment: Moment) -> date | None:
        """The first day without it, as it was known; None where it goes on."""
        return self.valid_to if self.closed_by is not None and moment.knows(self.closed_by) else None

    def may_hold(self, moment: Moment) -> bool:
        """Whether it holds at a moment unless something else was said later."""
        end = self.end(moment)
        return self.valid_from <= moment.day and moment.knows(self.opened_by) and (end is None or end > moment.day)


def memberships(
    connection: Connection, moment: Moment, symbols: Collection[str], groups: Collection[int]
) -> list[Version]:
    """Which of some symbols are in which of some groups, and as what.

    The key is (group, symbol), the content (weight, metadata).
    """
    values = moment.values(symbols=list(symbols), groups=list(groups))
    with connection.cursor() as cursor:
        cursor.execute(statement("queries/stock_versions"), values)
        rows = [row for row in cursor.fetchall() if row[0] in groups]
    return holding(connection, moment, [Version(row[:2], row[2:4] if row[4] else None, *row[5:]) for row in rows])


def holding(connection: Connection, moment: Moment, versions: Iterable[Version]) -> list[Version]:
    """The version that holds of each key: of several the one that was opened last."""
    candidates = [each for each in versions if each.may_hold(moment)]
    numbers = read_numbers(connection, several(candidates, [each.key for each in candidates]))
    held: dict[Hashable, Version] = {}
    for each in sorted(candidates, key=lambda each: (-numbers[each.opened_by], each.valid_to or date.max)):
        held.setdefault(each.key, each)
    return [each for each in held.values() if each.content is not None]


def several(versions: Sequence[Version], names: Sequence[Hashable]) -> list[Version]:
    """The versions that share their name with another one."""
    counts = Counter(names)
    return [version for version, name in zip(versions, names, strict=True) if counts[name] > 1]


def read_numbers(connection: Connection, versions: Iterable[Version]) -> Mapping[int, float]:
    """Run -> the version of the data that it made, for the runs that opened some versions: which was later.

    A run that is not committed has none yet, and will be the last; of other runs nobody asks.
    """
    runs = {each.opened_by for each in versions}
    numbers: dict[int, float] = defaultdict(lambda: inf)
    if runs:
        with connection.cursor() as cursor:
            cursor.execute("SELECT load_id, version FROM data_version WHERE load_id = ANY (%s)", (list(runs),))
            numbers.update(cursor.fetchall())
    return numbers
