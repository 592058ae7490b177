"""From a question about history to its answer, in words and as a document. Imports no more than the one needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tickstock.db import transaction
from tickstock.relationships.queries.ask import Answer
from tickstock.relationships.queries.names import KINDS, Kind

if TYPE_CHECKING:
    from datetime import date

    from tickstock.db import Connection
    from tickstock.relationships.history.churn import Interval, Progress

# What can be compared: the option's name -> the kind of group.
GROUPS: dict[str, Kind] = {kind.option.removeprefix("--"): kind for kind in KINDS if kind.type}


@contextmanager
def reading(connection: Connection, environment: str) -> Iterator[None]:
    """One state of the data for everything in the block, and no right to change it."""
    with transaction(connection) as cursor:
        cursor.execute(
            "SET TRANSACTION READ ONLY;"
            "SET LOCAL idle_in_transaction_session_timeout = 0;"  # a pager may take its time
            "SELECT set_config('tickstock.environment', %s, true)",
            (environment,),
        )
        yield


def ask_loads(connection: Connection, limit: int) -> Answer:
    """The last runs that changed the environment."""
    from tickstock.relationships.history.runs import read_runs
    from tickstock.relationships.history.runs_text import runs_lines
    from tickstock.relationships.history.shapes import run_document

    runs = read_runs(connection, limit)
    remarks = [] if runs else ["nothing was ever loaded; load it: python scripts/cache_maintenance/refresh.py weekly"]
    return Answer(
        lambda verbose: runs_lines(runs, verbose), lambda: {"loads": [run_document(run) for run in runs]}, remarks
    )


def ask_story(connection: Connection, run_id: int, group: str | None) -> Answer:
    """The story of one run. Raises TickstockError where there is no such run, or it did not touch the group."""
    from tickstock.relationships.history.runs_text import LISTED, story_lines
    from tickstock.relationships.history.shapes import story_document
    from tickstock.relationships.history.story import read_rows, read_story

    story = read_story(connection, run_id, group)

    def lines(verbose: bool) -> Iterator[str]:
        return story_lines(story, read_rows(connection, story, None if verbose else LISTED), verbose)

    return Answer(lines, lambda: story_document(story, read_rows(connection, story, None)), [])


def ask_diff(connection: Connection, kind: Kind, name: str, days: tuple[date, date]) -> Answer:
    """What changed in a group between two days. Raises TickstockError where one of them is not known."""
    from tickstock.relationships.history.diff import read_diff
    from tickstock.relationships.history.diff_text import diff_lines
    from tickstock.relationships.history.shapes import diff_document
    from tickstock.relationships.history.suggestions import read_suggestions

    diff = read_diff(connection, kind, name, days)
    suggestions = read_suggestions(connection, days)
    return Answer(
        lambda verbose: diff_lines(diff, suggestions, verbose), lambda: diff_document(diff, suggestions), []
    )


def ask_churn(connection: Connection, etf: str | None, interval: Interval, progress: Progress) -> Answer:
    """How much one fund changed, or every fund. Raises TickstockError where there never was a fund of that name."""
    from tickstock.relationships.history import churn, diff_text, shapes

    nothing = "no file in that time tells of a fund; history.py loads lists what was loaded"
    if etf is None:
        funds = churn.read_churn(connection, interval, progress)
        return Answer(
            lambda verbose: diff_text.churn_lines(funds),
            lambda: shapes.churn_document(funds),
            [] if funds else [nothing],
        )
    fund = churn.read_fund_churn(connection, etf, interval)
    return Answer(
        lambda verbose: diff_text.fund_churn_lines(fund),
        lambda: shapes.fund_churn_document(fund),
        [] if fund.steps else [nothing],
    )


def ask_renames(connection: Connection) -> Answer:
    """The accepted renames."""
    from tickstock.relationships.history.diff_text import renames_lines
    from tickstock.relationships.history.renames import read_renames
    from tickstock.relationships.history.shapes import rename_document

    renames = read_renames(connection)
    return Answer(
        lambda verbose: renames_lines(renames),
        lambda: {"renames": [rename_document(each) for each in renames]},
        [],
    )
