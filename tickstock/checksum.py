"""Checksums of files and fingerprints of rows: how a change is noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

# PostgreSQL rounds NUMERIC half away from zero; a context of our own keeps the caller's settings out of it.
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP)
_MILLIONTH = Decimal("0.000001")


def file_checksum(data: bytes) -> str:
    """MD5 of the bytes, in hexadecimal: the same file has the same checksum on every machine."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def fingerprint(rows: Iterable[tuple[str, Decimal | None]]) -> str:
    """MD5 of rows in their one canonical spelling, in hexadecimal.

    Each row is ``(symbol, weight in percent or None)``. The rows are sorted by symbol in byte order, written
    ``SYMBOL|W`` with exactly six decimals (nothing for None, never a negative zero), joined by line feeds.
    PostgreSQL computes the same over a ``NUMERIC(9,6)`` column with
    ``md5(string_agg(symbol || '|' || coalesce(weight::text, ''), E'\\n' ORDER BY symbol COLLATE "C"))``;
    no rows at all give the MD5 of the empty text.
    """
    # Symbols are unique, so no weight is ever compared.
    lines = [f"{symbol}|{_six_decimals(weight)}" for symbol, weight in sorted(rows)]
    return file_checksum("\n".join(lines).encode())


def _six_decimals(weight: Decimal | None) -> str:
    if weight is None:
        return ""
    text = str(weight)
    if text[-7:-6] == "." and "E" not in text and text[0] != "-":
        return text
    rounded = weight.quantize(_MILLIONTH, context=_CONTEXT)
    # With six decimals str() never falls into scientific notation, and it is twice as fast as format().
    return str(rounded) if rounded else "0.000000"
