"""Where what has a name is shown, and what to say of a name that nothing has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, render_template, url_for

from tickstock.relationships.queries.names import ETF, KINDS, SECTOR, STOCK, THEME, UNIVERSE, Kind
from tickstock.relationships.queries.nearest import suggest

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection

# The groups that are pages of their own under their type; funds have another page.
TYPES = {"universe": UNIVERSE, "sector": SECTOR, "theme": THEME}
TITLES = {STOCK.type: "Stocks", "ETF": "Funds", "UNIVERSE": "Universes", "SECTOR": "Sectors", "THEME": "Themes"}
NOUNS = {kind.type: "fund" if kind is ETF else kind.noun for kind in KINDS}


def page_of(type_: str, name: str, as_of: date | None = None) -> str:
    """The address of a group's page, or where there is no type, of a stock's; what has no name has none of its own."""
    if not name.strip().lstrip("/"):
        return url_for("groups.every")
    day = as_of.isoformat() if as_of else None
    if type_ == STOCK.type:
        return url_for("stocks.stock", symbol=name, as_of=day)
    if type_ == ETF.type:
        return url_for("funds.fund", etf=name, as_of=day)
    return url_for("groups.group", type_=type_.lower(), name=name, as_of=day)


def is_elsewhere(stored: str, asked: str) -> bool:
    """Whether a name has another address than the one that was asked for, where blanks and slashes begin no name."""
    return stored.strip().lstrip("/") != asked


def missing(connection: Connection, kind: Kind, name: str) -> Response:
    """The page for a name that nothing has, with what it may have been meant for."""
    near = suggest(connection, kind, name)
    return Response(render_template("missing.html", noun=NOUNS[kind.type], name=name[:80], near=near), 404)
