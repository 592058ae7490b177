"""Dates as issuers write them, whatever the locale of the machine."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_US = re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})")
_DAY_NAME = re.compile(r"(?P<day>[0-9]{1,2})-(?P<name>[A-Za-z]{3})-(?P<year>[0-9]{4})")
_NAME_DAY = re.compile(r"(?P<name>[A-Za-z]{3})[a-z]* (?P<day>[0-9]{1,2}), (?P<year>[0-9]{4})")


def parse_date(text: str) -> date:
    """``2025-11-18``, ``11/18/2025`` (month first), ``18-Nov-2025`` or ``Nov 18, 2025``.

    Raises ValueError for anything else, and for a day that does not exist.
    """
    text = text.strip()
    for pattern in (_US, _NAME_DAY, _DAY_NAME, _ISO):
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            month = _MONTHS.index(parts["name"].lower()) + 1 if "name" in parts else int(parts["month"])
            return date(int(parts["year"]), month, int(parts["day"]))
    raise ValueError("no date")
