"""How concentrated a fund is, today or on a day of the past; the figures of ``sql/reports/etfs.sql``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple


class Concentration(NamedTuple):
    """Of a fund, with a share being a weight by the sum of the weights.

    ``top_10_percent`` is 100 times the sum of the ten largest shares, ``herfindahl`` the sum of all squared shares
    (from near 0 to 1), ``effective`` 1 by that.
    """

    top_10_percent: Decimal
    herfindahl: Decimal
    effective: Decimal


def concentration(weights: Sequence[Decimal]) -> Concentration | None:
    """What the known weights of a fund, in percent, make of it; None where they sum to nothing."""
    whole, squares = sum(weights, Decimal(0)), sum((weight * weight for weight in weights), Decimal(0))
    if whole <= 0:
        return None
    return Concentration(
        _rounded(100 * sum(sorted(weights)[-10:], Decimal(0)) / whole, "0.01"),
        _rounded(squares / (whole * whole), "0.000001"),
        _rounded(whole * whole / squares, "0.1"),
    )


def _rounded(figure: Decimal, to: str) -> Decimal:
    return figure.quantize(Decimal(to), ROUND_HALF_UP)
