"""What the subcommands of history.py do with their options: ask, render, give the exit status."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tickstock import console

if TYPE_CHECKING:
    import argparse
    from datetime import date

    from tickstock.db import Connection
    from tickstock.relationships.queries.ask import Answer


def loads(options: argparse.Namespace) -> int:
    """The ledger of the environment."""
    from tickstock.relationships.history.ask import ask_loads

    return _answer(options, lambda connection: ask_loads(connection, options.limit))


def show(options: argparse.Namespace) -> int:
    """The story of one run."""
    from tickstock.relationships.history.ask import ask_story

    return _answer(options, lambda connection: ask_story(connection, options.load, options.group))


def diff(options: argparse.Namespace) -> int:
    """What changed in a group between two days."""
    from tickstock.relationships.history.ask import GROUPS, ask_diff

    days = options.from_day, options.to_day
    _check_days(*days)
    option = next(option for option in GROUPS if getattr(options, option) is not None)
    name = getattr(options, option)
    return _answer(options, lambda connection: ask_diff(connection, GROUPS[option], name, days))


def churn(options: argparse.Namespace) -> int:
    """How much one fund, or every fund, changes from file to file."""
    from tickstock.relationships.history.ask import ask_churn
    from tickstock.relationships.history.churn import Interval

    interval = Interval(options.from_day, options.to_day)
    if interval.from_day and interval.to_day:
        _check_days(interval.from_day, interval.to_day)

    def ask(connection: Connection) -> Answer:
        with console.progress_bar(options) as progress:
            return ask_churn(connection, options.etf, interval, progress)

    return _answer(options, ask)


def renames(options: argparse.Namespace) -> int:
    """The accepted renames; with a file, make them what it says."""
    if options.file is None:
        return _list_renames(options)
    from tickstock.relationships.history.accept_renames import accept_renames, plan_document, plan_lines
    from tickstock.relationships.history.renames_file import read_renames_file

    wanted = read_renames_file(options.file)
    with console.connected(options, "history") as connection:
        plan = accept_renames(connection, wanted, options.dry_run)
    for warning in plan.warnings:
        console.say(options, f"warning: {warning}")
    if options.json:
        _show_json(plan_document(plan, options.dry_run))
    elif not options.quiet:
        console.show("\n".join(plan_lines(plan, options.verbose)))
        written = "nothing to do" if plan.empty else "the accepted renames are now those of the file"
        console.show("[DRY RUN] No changes written to database" if options.dry_run else written)
    return 0


def _list_renames(options: argparse.Namespace) -> int:
    from tickstock.errors import UsageError
    from tickstock.relationships.history.ask import ask_renames

    if options.dry_run:
        raise UsageError("--dry-run shows what a file would change; name the file, or leave it out")
    return _answer(options, ask_renames)


def _check_days(first: date, last: date) -> None:
    from tickstock.errors import UsageError

    if first > last:
        raise UsageError(f"--from {first} is later than --to {last}; give the earlier day first")


def _answer(options: argparse.Namespace, ask: Callable[[Connection], Answer]) -> int:
    from tickstock.relationships.history.ask import reading

    with console.connected(options, "history") as connection, reading(connection, options.environment):
        answer = ask(connection)
        for remark in answer.remarks:
            console.say(options, remark)
        if options.json:
            _show_json(answer.document())
        elif not options.quiet:
            for line in answer.lines(options.verbose):
                console.show(line)
    return 0


def _show_json(document: dict[str, Any]) -> None:
    import json

    console.show(json.dumps(document, indent=2))
