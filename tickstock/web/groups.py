"""``/admin/groups``: every group, and the members of a universe, a sector or a theme."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, abort, redirect, render_template, request

from tickstock.db import statement
from tickstock.web.asking import cleaned, day_asked, past_day
from tickstock.web.finding import find
from tickstock.web.guard import guard
from tickstock.web.places import TITLES, TYPES, is_elsewhere, missing, page_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from werkzeug.wrappers import Response

    from tickstock.db import Connection
    from tickstock.web.asking import Asking
    from tickstock.web.config import WebConfig

LISTED = 100


class Line(NamedTuple):
    """A group: how many members, of which day, and by which load."""

    type: str
    name: str
    description: str | None
    members: int
    as_of: date | None
    loaded_at: datetime | None
    load_id: int | None


def groups(config: WebConfig, ask: Asking) -> Blueprint:
    """The list of all groups, and a page for each that is no fund."""
    pages = Blueprint("groups", __name__, url_prefix="/admin/groups")
    guard(pages, config)

    @pages.get("")
    def every() -> str:
        with ask() as connection:
            lines = read_lines(connection)
        by_type = [(type_, TITLES[type_], list(own)) for type_, own in groupby(lines, key=lambda line: line.type)]
        return render_template("groups.html", by_type=by_type)

    @pages.get("/<type_>/<path:name>")
    def group(type_: str, name: str) -> Response | str:
        name, day = cleaned(name), day_asked()
        if type_.lower() == "etf":
            return redirect(page_of("ETF", name, day))
        kind = TYPES.get(type_.lower())
        if kind is None:
            abort(404, f"there are no groups of the type {type_[:40]!r}; there are {', '.join(TYPES)} and etf")
        with ask() as connection:
            found = find(connection, kind, name, past_day(day))
            if found is None:
                return missing(connection, kind, name)
        if is_elsewhere(found.name, name) or kind.type.lower() != type_:
            return redirect(page_of(kind.type, found.name, day))
        limit = None if request.args.get("all") == "1" else LISTED
        return render_template("group.html", kind=kind, found=found, day=day, limit=limit)

    return pages


def read_lines(connection: Connection) -> list[Line]:
    """Every group, by type and name."""
    with connection.cursor() as cursor:
        cursor.execute(statement("web/groups"))
        return [Line._make(row) for row in cursor.fetchall()]
