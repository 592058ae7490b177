"""How pages print what is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from tickstock.relationships.queries.text import counted, exact
from tickstock.terminal import printable
from tickstock.web.asking import today
from tickstock.web.places import NOUNS, page_of

if TYPE_CHECKING:
    from flask import Flask

NOTHING = "–"


def add_words(app: Flask) -> None:
    """Teach the templates. What they print is escaped, and has nothing that a screen would obey."""
    # Before the first template is looked for: the environment is made then.
    app.jinja_options = {"finalize": _shown, "trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.filters.update(
        weight=weight, number=number, share=share, moment=moment, day=day, file_name=file_name, value=value,
        counted=counted, clock=clock, bar=bar,
    )  # fmt: skip
    app.jinja_env.globals.update(page_of=page_of, today=today, NOUNS=NOUNS)


def compile_templates(app: Flask) -> None:
    """Do now what the first request for each page would have to wait for."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)


def weight(stored: Decimal | None) -> str:
    """Percent of a fund, as it is stored."""
    return exact(stored) or NOTHING


def number(count: int | None) -> str:
    """A count, with separators."""
    return NOTHING if count is None else f"{count:,}"


def share(percent: float | Decimal | None, decimals: int = 2) -> str:
    """A percentage, or a figure, with so many decimals."""
    return NOTHING if percent is None else f"{percent:z,.{decimals}f}"


def moment(time: datetime | None) -> str:
    """A time, in UTC."""
    if time is None:
        return NOTHING
    time = time.astimezone(UTC)
    return Markup('<time datetime="{}">{} <abbr title="Coordinated Universal Time">UTC</abbr></time>').format(
        f"{time:%Y-%m-%dT%H:%M:%SZ}", f"{time:%Y-%m-%d %H:%M}"
    )


def clock(time: datetime) -> str:
    """The second of a day, in UTC; the day is a tooltip away."""
    time = time.astimezone(UTC)
    return Markup('<time datetime="{0}" title="{1}">{2}</time>').format(
        f"{time:%Y-%m-%dT%H:%M:%SZ}", f"{time:%Y-%m-%d %H:%M:%S} UTC", f"{time:%H:%M:%S}"
    )


def bar(start: datetime | None, timeframe: str) -> str:
    """When a bar begins: a day, or of minutes the minute too."""
    return moment(start) if start is None or timeframe == "minute" else day(start.astimezone(UTC).date())


def day(date: Any) -> str:
    """A day, as 2025-06-30."""
    if date is None:
        return NOTHING
    return Markup('<time datetime="{0}">{0}</time>').format(date.isoformat())


def file_name(path: str) -> str:
    """The last part of a path of any system."""
    return path.replace("\\", "/").rpartition("/")[2]


def value(stored: Any) -> str:
    """A value of some metadata."""
    return "none" if stored is None else stored if isinstance(stored, str) else json.dumps(stored, ensure_ascii=False)


def shown_text(text: str) -> Markup:
    """A text as a template would print it: escaped, and with nothing that a screen would obey."""
    return escape(printable(text))


def _shown(value: Any) -> Any:
    return printable(value) if type(value) is str else value
