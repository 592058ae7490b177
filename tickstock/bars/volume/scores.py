"""How much speaks for accumulation (a place to enter) and for distribution (a place to leave), as sums that show their
parts.

Accumulation is 0 to 10, distribution 1 to 10. Both are described rule by rule in docs/volume.md. They sum up what
volume did; they are no forecast.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tickstock.bars.volume.rules import ACCUMULATION, DISTRIBUTION, Reading, Rule

# What a score is called from this value on.
NAMES = ((7.0, "strong"), (4.0, "moderate"), (0.0, "weak"))
NOT_ENOUGH = "not enough history"


class Component(NamedTuple):
    """One part of a score: ``value`` of at most ``weight`` points, or None where it is not known, and the evidence."""

    name: str
    weight: float
    value: float | None
    evidence: str


class Score(NamedTuple):
    """A score and its parts. ``value`` is None if less than half of the weight is known; parts that are not known
    count neither for nor against: the points of the others are scaled to the whole weight.
    """

    name: str
    lowest: float
    value: float | None
    components: tuple[Component, ...]

    @property
    def known(self) -> float:
        """The part of the weight that is known, 0 to 1."""
        return sum(part.weight for part in self.components if part.value is not None) / _weight(self.components)

    @property
    def word(self) -> str:
        """``strong``, ``moderate`` or ``weak``; ``not enough history`` without a value."""
        if self.value is None:
            return NOT_ENOUGH
        return next(word for least, word in NAMES if self.value >= least)


def accumulation(reading: Reading) -> Score:
    """The score of entering, 0 to 10."""
    return _score("accumulation", 0.0, ACCUMULATION, reading)


def distribution(reading: Reading) -> Score:
    """The score of leaving, 1 to 10."""
    return _score("distribution", 1.0, DISTRIBUTION, reading)


def _score(name: str, lowest: float, rules: tuple[Rule, ...], reading: Reading) -> Score:
    components = tuple(_component(rule, reading) for rule in rules)
    whole = _weight(components)
    known = sum(part.weight for part in components if part.value is not None)
    points = sum(part.value for part in components if part.value is not None)
    value = round(lowest + points * whole / known, 1) if known >= whole / 2 else None
    return Score(name, lowest, value, components)


def _component(rule: Rule, reading: Reading) -> Component:
    share = rule.share(reading)
    if not math.isnan(share):
        return Component(rule.name, rule.weight, round(rule.weight * share, 3), rule.evidence(reading))
    if reading.sessions < rule.needed:
        text = f"{NOT_ENOUGH}: {reading.sessions} sessions, needs {rule.needed}"
    else:
        text = "not known: too little was traded in the window"
    return Component(rule.name, rule.weight, None, text)


def _weight(components: tuple[Component, ...]) -> float:
    return sum(part.weight for part in components)
