"""Symbols as people type them."""

from __future__ import annotations

import re

from tickstock.errors import BadInputError
from tickstock.symbols import canonical_symbol

# Massive's spelling of preferred shares: capitals and a small p. In capitals it is another company's: BCPC.
_PREFERRED = re.compile(r"[A-Z]+p[A-Z]?")


def typed_symbols(text: str) -> tuple[str, ...]:
    """The symbols of a list, apart by commas, semicolons or lines: in the project's spelling, each once, in order.

    >>> typed_symbols("spy, BRK-B, SPY")
    ('SPY', 'BRK.B')

    Raises:
        BadInputError: there is none, or some are no symbols of US stocks or funds; the message names each and says why.
    """
    found: dict[str, None] = {}
    wrong = []
    for word in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        try:
            found[_symbol(word)] = None
        except ValueError as error:
            wrong.append(f"{word!r} ({error})")
    if wrong:
        raise BadInputError(f"no symbols: {', '.join(wrong)}; expected symbols apart by commas, such as SPY, BRK.B")
    if not found:
        raise BadInputError("no symbol is given; expected symbols apart by commas, such as SPY, BRK.B")
    return tuple(found)


def _symbol(word: str) -> str:
    if _PREFERRED.fullmatch(word):
        raise ValueError(f"preferred share; {word.upper()} in capitals is another stock")
    return canonical_symbol(word)
