"""Tickers as market data spells them: their file names, Yahoo's spelling, and lists of them.

A ticker is case-sensitive here: ``BCPC`` is a common stock and ``BCpC`` another company's preferred.
"""

from __future__ import annotations

import re
from pathlib import Path

from tickstock.errors import BadInputError

# Class, series, rights, units and warrants included: BRK.B, BACpL, ABCw, TEST.A; and Yahoo's ^GSPC, EURUSD=X.
_TICKER = re.compile(r"(?=.{1,20}$)\^?[A-Za-z0-9][A-Za-z0-9.+=_-]*(?:/[A-Z])?")
_PLAIN = re.compile(r"[A-Z0-9]")
_PREFERRED = re.compile(r"(?P<root>[A-Z]+)p(?P<series>[A-Z]?)")
# Device names that Windows takes for no file, whatever follows the first dot.
_DEVICES = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])")


def checked(text: str) -> str:
    """The ticker in the flat files' spelling: blanks at its ends are dropped, ``BRK-B`` and ``BRK/B`` become ``BRK.B``.

    Raises:
        BadInputError: this is no ticker.
    """
    ticker = text.strip()
    if not _TICKER.fullmatch(ticker):
        raise BadInputError(f"{text!r} is no ticker; expected letters, digits and a class after a dot, such as BRK.B")
    return re.sub(r"(?<=[A-Z])[-/](?=[A-Z]$)", ".", ticker)


def file_stem(ticker: str) -> str:
    """A name for files that no system mistakes: different tickers have different names, also where case is folded.

    Capital letters and digits stand for themselves; ``+a`` is a lower-case a; anything else is ``%`` and its byte in
    hexadecimal; what Windows would take for a device gets ``_`` before it. ``BRK.B`` gives ``BRK%2EB``.
    """
    stem = "".join(map(_safe, ticker))
    return f"_{stem}" if _DEVICES.fullmatch(stem) else stem


def _safe(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    return f"+{char}" if "a" <= char <= "z" else "".join(f"%{byte:02X}" for byte in char.encode())


def yahoo_spelling(ticker: str) -> str:
    """How Yahoo calls it: ``BRK.B`` is ``BRK-B``, the preferred ``BCpC`` is ``BC-PC``."""
    if preferred := _PREFERRED.fullmatch(ticker):
        return f"{preferred['root']}-P{preferred['series']}"
    return ticker.replace(".", "-")


def read_list(path: Path) -> tuple[str, ...]:
    """The tickers of a list: one or more a line, apart by blanks or commas; ``#`` begins a remark. Each once, in order.

    Raises:
        BadInputError: there is no such file, it is no text, or a word in it is no ticker (file and line are told).
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} cannot be read ({error}); expected a text file with a ticker a line") from error
    found: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        for word in line.partition("#")[0].replace(",", " ").split():
            try:
                found[checked(word)] = None
            except BadInputError as error:
                raise BadInputError(f"{path}:{number}: {error}") from error
    return tuple(found)
