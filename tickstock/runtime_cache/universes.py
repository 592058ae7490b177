"""Sets of universes, as a text: ``sp500:nasdaq100`` (in any of them), ``sp500&nasdaq100`` (in both),
``russell3000!sp500`` (in the first, not in the second). From left to right, no sign before another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_SIGNS = re.compile(r"([:&!])")


def evaluate(expression: str, members: Callable[[str], Iterable[str]]) -> set[str]:
    """The symbols that an expression stands for. Spaces around a sign do not count.

    Raises:
        ValueError: a sign without a universe before or after it.
    """
    first, *rest = (part.strip() for part in _SIGNS.split(expression))
    if not all((first, *rest[1::2])):
        raise ValueError(
            f"found {expression!r}, expected universes with : (or), & (and) or ! (but not) between them, "
            "as in sp500:nasdaq100"
        )
    found = set(members(first))
    for sign, name in zip(rest[::2], rest[1::2], strict=True):
        if sign == ":":
            found.update(members(name))
        elif sign == "&":
            found.intersection_update(members(name))
        else:
            found.difference_update(members(name))
    return found
