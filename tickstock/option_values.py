"""What the value of an option may be, for argparse: a day, a number. The message says what was found and expected."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


def day(text: str) -> date:
    """A date as ``2025-06-30``, and in no other form."""
    from datetime import date

    try:
        value = date.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.isoformat() != text:
        raise ArgumentTypeError(f"found {text!r}, expected a date like 2025-06-30")
    return value


def number(text: str) -> int:
    """A number of something, from 1 to what an integer column can hold."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise ArgumentTypeError(f"found {text!r}, expected a number from 1 on")
    return int(text)


def percent(text: str) -> Decimal:
    """A number from zero on, with or without a percent sign: 6.5 is 6.5 %."""
    from decimal import Decimal, InvalidOperation

    try:
        value = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ArgumentTypeError(f"found {text!r}, expected a number in percent, like 5 or 0.25")
    return value
