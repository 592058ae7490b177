"""One question, for every name that it may be asked about: a dictionary, filled as names are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from math import isnan
from typing import Any, NamedTuple


class Row(NamedTuple):
    """The members of a group, or the groups of a stock, side by side with the weights in percent (NaN: none)."""

    names: list[str]
    weights: array[float]

    def weighted(self) -> Iterable[tuple[str, float | None]]:
        """Each name with its weight."""
        return zip(self.names, (None if isnan(weight) else weight for weight in self.weights), strict=True)


class Lookup:
    """Answers from rows. An answer is made when it is first asked for, and the same object from then on.

    Two threads that ask at once may both make it; they get the same one. A name that is not there is looked for in
    its one ``spelling``; what is not known is never kept, so nobody fills the memory by asking for nonsense.
    """

    def __init__(
        self,
        rows: dict[str, Row],
        make: Callable[[Row], Any],
        nothing: Any,
        spelling: Callable[[str], str],
    ) -> None:
        self.rows = rows
        self._make, self._nothing, self._spelling = make, nothing, spelling
        self._answers: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        try:
            return self._answers[name]
        except KeyError:
            return self._first(name)

    def _first(self, name: str) -> Any:
        row = self.rows.get(name)
        if row is None:
            name = self._spelling(name)
            row = self.rows.get(name)
        if row is None:
            return self._nothing
        known = self._answers.get(name)
        return self._answers.setdefault(name, self._make(row)) if known is None else known
