"""``/admin/loads``: the ledger, and the story of one run."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, render_template, request

from tickstock.errors import TickstockError
from tickstock.relationships.history.runs import read_runs
from tickstock.relationships.history.story import Row, Story, read_rows, read_story
from tickstock.relationships.undo import UNDOABLE
from tickstock.web.asking import cleaned, number_asked
from tickstock.web.guard import guard

if TYPE_CHECKING:
    from tickstock.web.asking import Asking
    from tickstock.web.config import WebConfig

PAGE = 25  # runs
LISTED = 20  # rows of a group
MOST = 60  # groups: of more the rows are a link away
LARGEST = 2**63 - 1  # a run's number


def loads(config: WebConfig, ask: Asking) -> Blueprint:
    """The list of runs, and a page for each."""
    pages = Blueprint("loads", __name__, url_prefix="/admin/loads")
    guard(pages, config)

    @pages.get("")
    def every() -> str:
        number = number_asked("page", 1)
        with ask() as connection:
            runs = read_runs(connection, PAGE + 1, PAGE * (number - 1))
        return render_template("loads.html", runs=runs[:PAGE], number=number, more=len(runs) > PAGE)

    @pages.get("/<int:run>")
    def load(run: int) -> Response | str:
        if run > LARGEST:
            abort(404, "there is no run of that number")
        group = cleaned(request.args.get("group", "")) or None
        with ask() as connection:
            try:
                story = read_story(connection, run, group)
            except TickstockError as error:
                return Response(render_template("no_load.html", problem=str(error)), 404)
            some = group or len(story.groups) <= MOST
            rows = rows_by_group(read_rows(connection, story, None if group else LISTED)) if some else {}
        return render_template("load.html", story=story, rows=rows, group=group, can_undo=can_undo(config, story))

    return pages


def rows_by_group(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The rows of each group, by its id."""
    return {id_: list(own) for id_, own in groupby(rows, key=lambda row: row.group_id)}


def can_undo(config: WebConfig, story: Story) -> bool:
    """Whether there is something to take back."""
    wholly = any(undone.whole for undone in story.run.undone)
    of_ours = any(group.environment == config.environment for group in story.groups)
    return story.run.kind in UNDOABLE and of_ours and not wholly
