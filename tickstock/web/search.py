"""``/admin/search``: from a few letters to a page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, redirect, render_template, request

from tickstock.db import statement
from tickstock.relationships.queries.names import STOCK, spellings, typed
from tickstock.relationships.queries.nearest import suggest
from tickstock.web.asking import cleaned
from tickstock.web.guard import guard
from tickstock.web.places import TITLES, page_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from tickstock.db import Connection
    from tickstock.web.asking import Asking
    from tickstock.web.config import WebConfig

LISTED = 12  # of each type
LONGEST = 80


class Hit(NamedTuple):
    """A stock (``type`` is empty) or a group; ``of_type`` counts all that were found of the type."""

    type: str
    name: str
    description: str | None
    exact: bool
    of_type: int


def search(config: WebConfig, ask: Asking) -> Blueprint:
    """The page, and the list under the field while somebody types."""
    pages = Blueprint("search", __name__, url_prefix="/admin/search")
    guard(pages, config)

    @pages.get("")
    def find() -> Response | str:
        asked = " ".join(cleaned(request.args.get("q", "")).split())[:LONGEST]
        typing = request.headers.get("HX-Request") == "true"
        hits: list[Hit] = []
        near = []
        if asked:
            with ask() as connection:
                hits = find_hits(connection, asked)
                if not hits and not typing:
                    near = suggest(connection, STOCK, asked)
        exact = [hit for hit in hits if hit.exact]
        if len(exact) == 1 and not typing:
            return redirect(page_of(exact[0].type, exact[0].name))
        groups = [(type_, TITLES[type_], list(own)) for type_, own in groupby(hits, key=lambda hit: hit.type)]
        return render_template("search.html", asked=asked, groups=groups, near=near)

    return pages


def find_hits(connection: Connection, asked: str) -> list[Hit]:
    """What the letters may mean, up to 12 of each type, the best first. What is an exact hit is a page's name."""
    text = typed(asked)
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {
        "typed": text,
        "plain": "".join(each for each in text.lower() if each.isascii() and each.isalnum()),
        "starts": [each.upper() for each in spellings(text)],
        "pattern": f"%{pattern}%",
        "limit": LISTED,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("web/search"), values)
        return [Hit._make(row) for row in cursor.fetchall()]
