"""What the cache answers with: plain tuples and strings that also know which version of the data they are of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Holding(NamedTuple):
    """A stock in a fund. ``weight`` is percent of the fund, None where its file has none."""

    symbol: str
    weight: float | None


class FundWeight(NamedTuple):
    """A fund that holds a stock, with the stock's weight in it in percent."""

    etf: str
    weight: float | None


class Answer(tuple[Any, ...]):
    """A tuple of :class:`Holding`, :class:`FundWeight` or names. ``version`` is that of the data."""

    version: int

    @classmethod
    def of(cls, values: Iterable[Any], version: int) -> Answer:
        """These values, of that version."""
        answer = cls(values)
        answer.version = version
        return answer


class Name(str):
    """A name, of a sector for instance. ``version`` is that of the data."""

    version: int

    @classmethod
    def of(cls, text: str, version: int) -> Name:
        """This text, of that version."""
        name = cls(text)
        name.version = version
        return name
