"""``/admin/stocks/SYMBOL``: what a stock is a member of, why it is in its sector, and what it was before."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template

from tickstock.errors import TickstockError
from tickstock.relationships.queries.moment import go_back, go_to
from tickstock.relationships.queries.names import STOCK, spellings, stored_funds, stored_symbols
from tickstock.relationships.queries.nearest import rename_of
from tickstock.relationships.queries.past_stock import PastStock, read_past_stock
from tickstock.relationships.queries.stock import read_stock
from tickstock.web.asking import cleaned, day_asked, past_day, today
from tickstock.web.guard import guard
from tickstock.web.places import missing, page_of
from tickstock.web.timeline import bars, read_spells

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from tickstock.db import Connection
    from tickstock.relationships.queries.stock import Stock
    from tickstock.web.asking import Asking
    from tickstock.web.config import WebConfig


def stocks(config: WebConfig, ask: Asking) -> Blueprint:
    """The page of a stock."""
    pages = Blueprint("stocks", __name__, url_prefix="/admin/stocks")
    guard(pages, config)

    @pages.get("/<path:symbol>")
    def stock(symbol: str) -> Response | str:
        symbol, day = cleaned(symbol), day_asked()
        with ask() as connection:
            found, past = _find(connection, symbol, past_day(day))
            if found is None:
                if fund := stored_funds(connection, [symbol]).get(symbol):
                    return redirect(page_of("ETF", fund, day))
                if rename := rename_of(connection, symbol):
                    return redirect(page_of("", rename[1], day))
                return missing(connection, STOCK, symbol)
            if found.symbol != symbol and symbol not in _names(past):
                return redirect(page_of("", found.symbol, day))
            spells = read_spells(connection, found.symbol, past.moment.day if past else date.max)
        holders = sorted(found.etfs, key=lambda each: (each.weight is None, -(each.weight or 0), each.etf))
        lines = bars(spells, today())
        return render_template("stock.html", stock=found, holders=holders, past=past, day=day, bars=lines)

    return pages


def _find(connection: Connection, symbol: str, day: date | None) -> tuple[Stock | None, PastStock | None]:
    """The stock, and with a day, or where it is a member of nothing any more, what held then."""
    stored = stored_symbols(connection, [symbol]).get(symbol)
    if stored and day is None:
        try:
            return read_stock(connection, stored), None
        except TickstockError:
            return None, None  # a fund that another fund holds
    # Saying what is near takes its time; the page of what is missing does so itself.
    if not stored and not any(read_spells(connection, each, day or date.max) for each in spellings(symbol)):
        return None, None
    moment = go_to(connection, day or today(), None)
    try:
        past = read_past_stock(connection, moment, symbol)
    except TickstockError:
        return None, None
    finally:
        go_back(connection, moment)
    return past.stock, past


def _names(past: PastStock | None) -> list[str]:
    return [name.symbol for name in past.names] if past else []
