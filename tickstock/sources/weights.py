"""Weights: from a cell's text to percent."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

EXACT = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,6})?").fullmatch
"""Matches the usual spelling, which ``Decimal`` takes as it is: no sign, below 100, six decimals at most."""

_NUMBER = re.compile(
    r"([+-]?)((?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|\.[0-9]+)((?:[eE][+-]?[0-9]{1,4})?)"
)
_NONE = frozenset({"", "-", "--", "n/a"})
_LONGEST = 60
_LIMIT = 1000
_MILLIONTH = Decimal("0.000001")
# Ties go away from zero, as PostgreSQL rounds a NUMERIC; wide enough for every number that passes the checks.
_CONTEXT = Context(prec=80, rounding=ROUND_HALF_UP)

# A file of fractions sums to about 1. Two holdings may do so by chance, three hardly.
_FEWEST_FRACTIONS = 3
_FRACTION_SUM = (Decimal("0.8"), Decimal("1.2"))


class WeightError(ValueError):
    """A weight that cannot be used; the message says what was expected, ``hint`` what to try."""

    def __init__(self, expected: str, hint: str) -> None:
        super().__init__(expected)
        self.hint = hint


def parse_weight(text: str) -> Decimal | None:
    """The number in a weight's cell, as written, not rounded; None for an empty cell, ``-`` or ``N/A``.

    A ``%`` sign, thousands commas, e-notation and a negative in parentheses are read. Raises WeightError for
    what is no number, for 1000 and more (``NUMERIC(9,6)`` ends there), and for -1 and less: issuers' files
    hold tiny negative weights where a merger has closed, but no fund here holds a stock short.
    """
    text = text.strip()
    if text.casefold() in _NONE:
        return None
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    number = _NUMBER.fullmatch(text.removesuffix("%").rstrip())
    if not number or len(text) > _LONGEST:
        raise WeightError("a number in percent", "write 6.5 for 6.5 %, or leave the cell empty")
    sign, digits, exponent = number.groups()
    value = Decimal(sign + digits.replace(",", "") + exponent, _CONTEXT)
    if not fits(value):
        raise WeightError("less than 1000 percent", "write 6.5 for 6.5 %")
    if value <= -1:
        raise WeightError("a weight of zero or more", "correct the weight or take the line out")
    return value


def fits(value: Decimal) -> bool:
    """Whether ``NUMERIC(9,6)`` holds this weight, also after rounding."""
    return -_LIMIT < value < _LIMIT and -_LIMIT < rounded(value) < _LIMIT


def rounded(value: Decimal) -> Decimal:
    """Exactly six decimals, half away from zero, and never a negative zero."""
    result = value.quantize(_MILLIONTH, context=_CONTEXT)
    return result if result else abs(result)


def are_fractions(weights: list[Decimal]) -> bool:
    """Whether these weights are fractions of 1 and not percents: at least three, none above 1, sum near 1."""
    if len(weights) < _FEWEST_FRACTIONS:
        return False
    low, high = _FRACTION_SUM
    return low <= sum(weights) <= high and max(weights) <= 1
