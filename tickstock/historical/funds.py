"""What the names of funds say of them, as columns of ``symbols``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tickstock.db import insert_values
from tickstock.historical.fund_kinds import OTHER, fund_issuer, fund_kinds

if TYPE_CHECKING:
    from tickstock.db import Connection

# Words that only funds have in their names. (WisdomTree, Invesco and BlackRock are stocks too.)
_FUND = re.compile(r"\b(etfs?|etns?|etps?|exchange[- ]traded|ishares|spdr|proshares|direxion daily)\b", re.IGNORECASE)


def is_fund_name(name: str) -> bool:
    """Whether a name can only be a fund's: the last resort, where neither Massive nor a group says what it is."""
    return bool(_FUND.search(name))


def describe_funds(connection: Connection, symbols: Sequence[str]) -> None:
    """Write kind and issuer of those of these symbols that are funds, and ``ETF`` where nobody but the name says so.

    Both are told by the name, and follow it; where it tells nothing, what is stored stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, name, etf_type, issuer, type IS NULL FROM symbols"
            " WHERE symbol = ANY (%s) AND (type = 'ETF' OR type IS NULL AND name IS NOT NULL)",
            (list(symbols),),
        )
        changed = []
        for symbol, name, etf_type, issuer, untold in cursor.fetchall():
            if untold and not is_fund_name(name):
                continue
            kind = fund_kinds(symbol, name)[0]
            new = etf_type if etf_type and kind == OTHER and not name else kind, fund_issuer(name) or issuer
            if untold or new != (etf_type, issuer):
                changed.append((symbol, *new))
        if changed:
            insert_values(
                cursor,
                "UPDATE symbols SET type = 'ETF', etf_type = n.etf_type, issuer = n.issuer, updated_at = now()"
                " FROM (VALUES",
                changed,
                ") n (symbol, etf_type, issuer) WHERE symbols.symbol = n.symbol",
            )
