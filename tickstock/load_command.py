"""What the loader scripts have in common: their options, one load, and its result in words."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock import console
from tickstock.option_values import day

if TYPE_CHECKING:
    from tickstock.db import Connection, Database
    from tickstock.relationships.inputs import Inputs
    from tickstock.relationships.plan import Options, Outcome

Look = Callable[["Connection"], None]
Find = Callable[["Connection", argparse.Namespace, Path], "Inputs"]


class Loader(NamedTuple):
    """A loader script: the type of its groups, its texts, and the function that finds its input."""

    program: str
    type: str
    description: str
    examples: str
    find: Find
    reads: str = "files"  # or "evidence" for sectors, or "nothing"


def command(loader: Loader, argv: Sequence[str] | None) -> int:
    """Run a loader script; give its exit status."""
    return console.run(parser(loader), lambda options: _run(loader, options), argv)


def _run(loader: Loader, options: argparse.Namespace) -> int:
    result = execute(loader, options)
    if options.json:
        import json

        console.show(json.dumps(result, indent=2))
    return status_of(options, result)


def status_of(
    options: argparse.Namespace, result: dict[str, Any], advice: str = "--force [GROUP ...] goes on"
) -> int:
    """The exit status of a load that came to an end; a dry run that would be refused is said to be."""
    if not result["refusals"]:
        return 0
    from tickstock.errors import RefusedError

    return console.fail(options, RefusedError("\n".join([*result["refusals"], f"this would be refused; {advice}"])))


def parser(loader: Loader) -> argparse.ArgumentParser:
    """The options of a loader script."""
    result = console.parser(loader.program, loader.description, loader.examples)
    result.add_argument(
        "--mode",
        choices=["full", "incremental", "dry-run"],
        default="full",
        help="full: every file, and groups without a file are removed; incremental: only what changed; "
        "dry-run: print what full would do (full)",
    )
    result.add_argument("--rebuild", action="store_true", help="the same as --mode full")
    result.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    if loader.type == "ETF":
        result.add_argument("--etf", metavar="SYMBOL", type=str.upper, help="this fund alone")
    if loader.reads != "nothing":
        result.add_argument("--holdings-dir", metavar="FOLDER", type=Path, help="where the files are (HOLDINGS_DIR)")
    if loader.reads == "evidence":
        for kind, name in (("classification", "stock_classification.csv"), ("overrides", "sector_overrides.csv")):
            text = f"CSV with symbol,sector,industry ({name} in the holdings folder)"
            result.add_argument(f"--{kind}", metavar="FILE", type=Path, help=text)
    if loader.reads == "files":
        as_of_help = "the date of the files, where they do not say it; older than what is stored: corrects the past"
        result.add_argument("--as-of", metavar="DATE", type=day, help=as_of_help)
        result.add_argument("--skip-bad-files", action="store_true", help="load the rest when files have problems")
        result.add_argument("--keep-missing", action="store_true", help="incremental: leave rows gone from a file")
    plan_help = "with --dry-run: save the plan to a file, for apply_plan.py"
    result.add_argument("--plan", metavar="FILE", type=Path, help=plan_help)
    result.add_argument("--keep-manual", action="store_true", help="full: leave what was made or edited by hand")
    force_help = "go past the guards, for all groups or for those named"
    result.add_argument("--force", nargs="*", action="extend", metavar="GROUP", help=force_help)
    return result


def options_of(loader: Loader, shared: argparse.Namespace) -> argparse.Namespace:
    """The options of one loader, as far as ``shared`` has them; the rest as nobody had given any."""
    own = vars(parser(loader).parse_args([]))
    known = {name: value for name, value in vars(shared).items() if name in own}
    return argparse.Namespace(**{**own, **known, "committed": shared.committed, "untold": shared.untold})


def execute(loader: Loader, options: argparse.Namespace, look: Look = lambda connection: None) -> dict[str, Any]:
    """One load, with its result in words on stdout (unless JSON is asked for); give its JSON shape.

    Files that lie beside newer ones of the same group are loads of their own, after it. ``look`` is given the
    connection afterwards, on which the plan's rows can still be read.

    Raises:
        TickstockError: see :func:`tickstock.relationships.load.load`.
    """
    from tickstock import migrations
    from tickstock.db import closing, open_database
    from tickstock.settings import read_settings

    settings = read_settings()
    folder = (getattr(options, "holdings_dir", None) or settings.holdings).absolute()
    how = _load_options(loader, options)
    with (
        open_database(settings, loader.program) as database,
        closing(migrations.connect(database, writes=True)) as connection,
    ):
        if database.note:
            console.say(options, database.note)
        found = loader.find(connection, options, folder)
        earlier = _earlier(connection, found, how)
        result = _load(database, connection, found, options, how)
        if not connection.closed:
            look(connection)
        for inputs in earlier:
            with closing(migrations.connect(database)) as other:
                older = _load(database, other, inputs, options, how)
            result.setdefault("earlier", []).append(older)
            result["refusals"] += older["refusals"]
        return result


def _earlier(connection: Connection, found: Inputs, how: Options) -> list[Inputs]:
    """The loads of files that lie beside newer ones and are not on record yet."""
    if not found.earlier:
        return []
    from tickstock.errors import UsageError
    from tickstock.relationships.store import read_on_record

    with connection.cursor() as cursor:
        earlier = list(found.older(read_on_record(cursor, how)))
    if earlier and how.to_save:
        names = ", ".join(sorted({group.name for inputs in earlier for group in inputs.groups})[:5])
        raise UsageError(f"a plan has one file a group, found several for {names}; take the older ones out")
    return earlier


def _load(
    database: Database, connection: Connection, inputs: Inputs, options: argparse.Namespace, how: Options
) -> dict[str, Any]:
    from tickstock.relationships import text
    from tickstock.relationships.load import load
    from tickstock.relationships.plan import row_changes

    started = time.monotonic()
    with console.progress_bar(options) as progress:
        outcome = load(database, connection, inputs, how, progress)
    outcome = settled(options, database, outcome)
    if how.to_save and not outcome.plan.refusals:
        from tickstock.relationships.saved_plan import save

        save(options.plan, connection, outcome)
    show_outcome(options, outcome, connection, f"{database.place} ({time.monotonic() - started:.1f} s)")
    if how.to_save and not outcome.plan.refusals:
        console.say(options, f"plan saved: {_apply_command(options)}")
    listed = options.verbose and not connection.closed
    return text.as_json(outcome, row_changes(connection) if listed else None)


def settled(options: argparse.Namespace, database: Database, outcome: Outcome) -> Outcome:
    """After a change: note and tell that it is committed; with one warning more where it could not be told."""
    if outcome.load_id is None:
        return outcome
    untold = note_committed(options, database, "load", outcome.load_id)
    return outcome._replace(plan=outcome.plan._replace(warnings=(*outcome.plan.warnings, *untold)))


def note_committed(options: argparse.Namespace, database: Database, what: str, run: int) -> list[str]:
    """Note that a run is committed, and tell Redis of it, where one is set; give the warning if it was not told.

    Once it was not, nothing more is told by this command: each attempt may take seconds.
    """
    from tickstock.settings import read_settings

    # First of all: an interrupt must find it here.
    options.committed.append(f"{what} {run}")
    redis = read_settings().redis
    if redis is None or options.untold:
        return []
    from tickstock.notify import tell_of_run

    if warning := tell_of_run(redis, database, run):
        options.untold.append(warning)
    return list(options.untold)


def _apply_command(options: argparse.Namespace) -> str:
    from shlex import join

    environment = [] if options.environment == "DEFAULT" else ["--environment", options.environment]
    return join(["python", "scripts/cache_maintenance/apply_plan.py", str(options.plan), *environment])


def _load_options(loader: Loader, options: argparse.Namespace) -> Options:
    from tickstock.errors import UsageError
    from tickstock.relationships.plan import Options

    if options.rebuild and options.mode == "incremental":
        raise UsageError("--rebuild is --mode full, it does not go with --mode incremental; leave one of them out")
    dry_run = options.dry_run or options.mode == "dry-run"
    if options.plan and not dry_run:
        raise UsageError("--plan saves what a dry run has planned; add --dry-run")
    force = options.force
    return Options(
        type=loader.type,
        environment=options.environment,
        mode="full" if options.rebuild or options.mode == "dry-run" else options.mode,
        dry_run=dry_run,
        only=getattr(options, "etf", None),
        keep_missing=getattr(options, "keep_missing", False),
        keep_manual=options.keep_manual,
        skip_bad_files=getattr(options, "skip_bad_files", False),
        force=False if force is None else frozenset(name.casefold() for name in force) or True,
        to_save=options.plan is not None,
    )


def show_outcome(options: argparse.Namespace, outcome: Outcome, connection: Connection, where: str) -> None:
    """Print a plan, and what became of it; warnings go to stderr."""
    from tickstock.relationships import text
    from tickstock.relationships.plan import row_changes

    for warning in outcome.plan.warnings:
        console.say(options, f"warning: {warning}")
    for guard in outcome.plan.overridden:
        console.say(options, f"forced: {guard}")
    if options.json or options.quiet:
        return
    if outcome.plan.options.dry_run:
        console.show("\n".join(f"[DRY RUN] {line}" for line in text.dry_run_lines(outcome)))
    console.show("\n".join(text.plan_lines(outcome, options.verbose)))
    for line in text.row_lines(outcome.plan, () if connection.closed else row_changes(connection), options.verbose):
        console.show(line)
    if not outcome.plan.options.dry_run:
        console.show(f"{text.ending(outcome)} {where}")
