"""What changed in a group between two days: who came, who went, who was renamed, whose weight moved."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tickstock.relationships.history.groups import Held, Side, find_group, read_side
from tickstock.relationships.history.renames import Rename, Span, read_renames, spans

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection
    from tickstock.relationships.queries.names import Kind


class Member(NamedTuple):
    """A symbol that came or went, with the weight that it had then, in percent."""

    symbol: str
    weight: Decimal | None


class Move(NamedTuple):
    """The weights that a company had in percent; of a renamed one also its new symbol, and since when it has it."""

    symbol: str
    before: Decimal | None
    after: Decimal | None
    new_symbol: str | None = None
    renamed_on: date | None = None

    @property
    def points(self) -> Decimal | None:
        """Percentage points that the weight moved by; None where one of the two is not known."""
        return None if self.before is None or self.after is None else self.after - self.before


class Changes(NamedTuple):
    """Added and removed: the heaviest first. Moved and renamed: the largest move first.

    ``turnover`` is half the sum of all absolute differences of weights, in percent; None unless every weight on
    both sides is known.
    """

    added: list[Member]
    removed: list[Member]
    renamed: list[Move]
    moved: list[Move]
    unchanged: int
    turnover: Decimal | None


class Diff(NamedTuple):
    """A group on two days, and what lies between."""

    kind: Kind
    name: str
    before: Side
    after: Side
    changes: Changes


def read_diff(connection: Connection, kind: Kind, name: str, days: tuple[date, date]) -> Diff:
    """Compare a group as it was at the end of two days, the earlier one first.

    Raises:
        TickstockError: no group has that name, or it is not known what was in it on one of the days.
    """
    found = find_group(connection, kind, name)
    before, after = (read_side(connection, found, day) for day in days)
    return Diff(kind, found.name, before, after, compare(before, after, read_renames(connection)))


def compare(before: Side, after: Side, renames: Iterable[Rename]) -> Changes:
    """What changed between two sides. A company that was renamed in between neither went nor came."""
    every = spans(renames)
    first, last = (_by_company(side, every) for side in (before, after))
    stayed = [(first[company], last[company]) for company in first.keys() & last.keys()]
    renamed = [_renamed(old, new, after, every) for old, new in stayed if old.symbol != new.symbol]
    moved = [
        Move(old.symbol, old.weight, new.weight)
        for old, new in stayed
        if old.symbol == new.symbol and old.weight != new.weight
    ]
    added = _heaviest(last[company] for company in last.keys() - first.keys())
    removed = _heaviest(first[company] for company in first.keys() - last.keys())
    unchanged = len(stayed) - len(renamed) - len(moved)
    turnover = _turnover(added, removed, stayed)
    return Changes(added, removed, _largest(renamed), _largest(moved), unchanged, turnover)


def _by_company(side: Side, every: Iterable[Span]) -> dict[str, Member]:
    result: dict[str, Member] = {}
    for symbol, held in sorted(side.members.items(), key=lambda member: member[1].told_on, reverse=True):
        span = _span(symbol, held, every)
        company = span.company if span else symbol
        # A hand may have added the new symbol beside the old one of the file: two members all the same.
        result[f"{symbol} beside it" if company in result else company] = Member(symbol, held.weight)
    return result


def _renamed(old: Member, new: Member, after: Side, every: Iterable[Span]) -> Move:
    span = _span(new.symbol, after.members[new.symbol], every)
    return Move(old.symbol, old.weight, new.weight, new.symbol, span and span.from_day)


def _span(symbol: str, held: Held, every: Iterable[Span]) -> Span | None:
    """What the symbol meant when it was told: a file does not know of renames that came after it."""
    return next((span for span in every if span.symbol == symbol and span.covers(held.told_on)), None)


def _turnover(added: list[Member], removed: list[Member], stayed: list[tuple[Member, Member]]) -> Decimal | None:
    nothing: Decimal | None = Decimal(0)
    pairs = [(member.weight, nothing) for member in (*added, *removed)]
    pairs += [(old.weight, new.weight) for old, new in stayed]
    total = Decimal(0)
    for first, last in pairs:
        if first is None or last is None:
            return None
        total += abs(last - first)
    return total / 2 if pairs else None


def _heaviest(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda each: (each.weight is None, -(each.weight or Decimal(0)), each.symbol))


def _largest(moves: Iterable[Move]) -> list[Move]:
    return sorted(moves, key=lambda each: (each.points is None, -abs(each.points or Decimal(0)), each.symbol))
