"""The weekly and the monthly run: backup, loads, checks and report, one after the other, up to the first failure."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock import console
from tickstock.errors import BadInputError, NoInputError, TickstockError
from tickstock.load_command import Loader, execute, options_of, status_of
from tickstock.loaders import ALL
from tickstock.settings import read_settings

if TYPE_CHECKING:
    from tickstock.db import Connection, Database
    from tickstock.relationships.entering import Coming
    from tickstock.relationships.inputs import Inputs
    from tickstock.settings import Settings

Result = dict[str, Any]
KEPT_BACKUPS = 5
MODES = {"weekly": "incremental", "monthly": "full"}
REPORT_FORMATS = {"weekly": ("markdown", "html"), "monthly": ("markdown", "html", "json")}
SUFFIXES = {"markdown": "md", "html": "html", "json": "json"}


class Step(NamedTuple):
    """A stage of a run. ``work`` gives its result; ``status`` in it is an exit status, 0 where it went well."""

    name: str
    work: Callable[[], Result]


def steps(
    options: argparse.Namespace, settings: Settings, database: Database, connection: Connection
) -> list[Step]:
    """The stages in the order of the guide. A dry run shows what the loads would change, and writes nothing.

    Raises:
        BadInputError: the folder has neither a fund nor a universe, or the evidence for sectors has problems,
            which would come to light only when everything else is loaded.
    """
    options.mode = MODES[options.run]
    coming: list[Coming] = []
    _check_input(options, settings)
    return [
        Step("backup", lambda: _back_up(options, settings, database, connection)),
        *(Step(loader.program, partial(_load, loader, options, coming)) for loader in ALL),
        Step("validate_relationships", lambda: _validate(options, connection)),
        Step("admin cache", lambda: _refresh_cache(options, settings)),
        Step("generate_report", lambda: _report(options, connection)),
    ]


def carry_out(options: argparse.Namespace, planned: Sequence[Step]) -> list[Result]:
    """Do one step after the other, up to the first that fails; give their results, in order.

    In a dry run, which changes nothing that a later step could miss, a failure stops nothing.
    """
    results: list[Result] = []
    failed = ""
    for number, step in enumerate(planned, start=1):
        if not (options.json or options.quiet):
            console.show(f"[{number}/{len(planned)}] {step.name}")
        try:
            result = step.work()
        except TickstockError as error:
            result = {"status": console.fail(options, error), "error": str(error)}
        except BaseException as error:
            if not options.dry_run:
                _tell_where_it_stopped(options, planned, number)
                if isinstance(error, Exception):
                    _alert(options, step, {"status": None, "error": f"{type(error).__name__}: {error}"})
            raise
        results.append({"step": step.name, **result})
        if result["status"] and not options.dry_run:
            _tell_where_it_stopped(options, planned, number)
            _alert(options, step, result)
            break
        if result["status"] and not failed:
            failed = f"the run would stop at step {number} of {len(planned)}, {step.name}: see above"
    if failed:
        console.say(options, failed)
    return results


def _check_input(options: argparse.Namespace, settings: Settings) -> None:
    from tickstock.relationships.evidence import EvidenceFiles, check_evidence
    from tickstock.relationships.inputs import etf_inputs, universe_inputs

    folder = (options.holdings_dir or settings.holdings).absolute()
    try:
        etf_inputs(folder)
    except NoInputError as error:
        try:
            universe_inputs(folder)
        except NoInputError:
            raise BadInputError(f"{error}; nor a universe, so nothing was done") from None
    check_evidence(EvidenceFiles(folder, options.classification, options.overrides))


def _back_up(
    options: argparse.Namespace, settings: Settings, database: Database, connection: Connection
) -> Result:
    if options.dry_run:
        return _previewed(options, f"Would back up the database to {settings.backups}")
    from tickstock.backups.backup import make_backup
    from tickstock.backups.folder import keep_newest
    from tickstock.backups.text import backup_lines

    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM group_memberships)")
        if cursor.fetchone() == (False,):
            console.say(options, "nothing is stored yet, so there is nothing to back up")
            return {"status": 0, "backup": None}
    made = make_backup(database, connection, settings.backups)
    removed = keep_newest(settings.backups, made, KEPT_BACKUPS)
    if not (options.json or options.quiet):
        console.show("\n".join(backup_lines(made, removed)))
    options.backup = made.path.name
    return {"status": 0, "backup": str(made.path)}


def _load(loader: Loader, options: argparse.Namespace, coming: list[Coming]) -> Result:
    """One loader. A dry run notes in ``coming`` what it would bring, and the preview of the sectors takes it in."""
    try:
        if not options.dry_run:
            result = execute(loader, options_of(loader, options))
        elif loader.reads == "evidence":
            result = execute(_expecting(loader, coming), options_of(loader, options))
        else:
            from tickstock.relationships.entering import read_coming

            look = partial(read_coming, type_=loader.type)
            result = execute(loader, options_of(loader, options), lambda connection: coming.extend(look(connection)))
        return {"status": status_of(options, result), **result}
    except NoInputError as error:
        console.say(options, f"nothing loaded, what is stored stays: {error}")
        return {"status": 0, "type": loader.type, "error": str(error)}


def _expecting(loader: Loader, coming: Sequence[Coming]) -> Loader:
    """The loader of sectors, as it would find the stocks after the loads that are previewed too."""

    def find(connection: Connection, options: argparse.Namespace, folder: Path) -> Inputs:
        inputs = loader.find(connection, options, folder)
        assert inputs.method
        return inputs._replace(method=inputs.method._replace(coming=tuple(coming)))

    return loader._replace(find=find)


def _validate(options: argparse.Namespace, connection: Connection) -> Result:
    if options.dry_run:
        return _previewed(options, "Would check the tables")
    from tickstock.relationships.checks import run_checks
    from tickstock.relationships.checks_text import as_json, lines

    found = run_checks(connection, options.environment)
    if not (options.json or options.quiet):
        for line in lines(found, options.verbose):
            console.show(line)
    return {"status": int(found.status == "fail"), "validation": as_json(found)}


def _refresh_cache(options: argparse.Namespace, settings: Settings) -> Result:
    if options.dry_run:
        return _previewed(options, f"Would refresh the cache of {settings.admin}, where an application answers")
    from tickstock.admin_cache import refresh_cache

    answer = refresh_cache(settings.admin, settings.serve.token)
    console.say(options, answer.detail + (" (ADMIN_URL)" if answer.status != "refreshed" else ""))
    return {"status": 0, "cache": answer.status, "detail": answer.detail}


def _report(options: argparse.Namespace, connection: Connection) -> Result:
    paths = [
        options.reports.absolute() / f"{options.run}_{date.today():%Y%m%d}.{SUFFIXES[name]}"
        for name in REPORT_FORMATS[options.run]
    ]
    if options.dry_run:
        return _previewed(options, f"Would write {', '.join(path.name for path in paths)} to {paths[0].parent}")
    from tickstock.relationships.report.formats import render
    from tickstock.relationships.report.read import read_report

    report = read_report(connection, options.environment, detailed=True)
    if not (options.json or options.quiet):
        console.show(render(report._replace(detail=None), "console"))
    for name, path in zip(REPORT_FORMATS[options.run], paths, strict=True):
        _write(path, render(report, name))
        console.say(options, f"report written to {path}")
    return {"status": 0, "reports": [str(path) for path in paths]}


def _write(path: Path, document: str) -> None:
    from tickstock.output import write_output

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TickstockError(
            f"{path.parent}: no such folder, and it cannot be made ({error.strerror}); name another with --reports"
        ) from error
    write_output(path, [document, "\n"])


def _previewed(options: argparse.Namespace, sentence: str) -> Result:
    if not (options.json or options.quiet):
        console.show(f"[DRY RUN] {sentence}")
    return {"status": 0, "dry_run": True}


def _tell_where_it_stopped(options: argparse.Namespace, planned: Sequence[Step], number: int) -> None:
    left = ", ".join(step.name for step in planned[number:]) or "nothing"
    console.say(options, f"stopped at step {number} of {len(planned)}, {planned[number - 1].name}")
    console.say(options, f"  committed so far: {', '.join(options.committed) or 'nothing'}; not done: {left}")
    console.say(options, "  to go on: mend what is said above and run this again; what is loaded is not loaded twice:")
    console.say(options, f"    {_command(options, options.run)}")
    if options.committed:
        console.say(options, "  to go back: undo what was committed, the newest first:")
        for load in reversed(options.committed):
            console.say(options, f"    {_undo_command(options, load.removeprefix('load '))}")
        if backup := getattr(options, "backup", None):
            console.say(options, "  or put back all that was there before, other changes of meanwhile included:")
            console.say(options, f"    python scripts/cache_maintenance/restore.py {backup} --force")


def _alert(options: argparse.Namespace, step: Step, result: Result) -> None:
    """Tell Redis of the step that failed, where one is set."""
    redis = read_settings().redis
    if redis is None or options.untold:
        return
    from tickstock.notify import failure_message, publish

    facts = {
        "run": options.run,
        "environment": options.environment,
        "step": step.name,
        "status": result["status"],
        "error": result.get("error"),
        "committed": list(options.committed),
    }
    if warning := publish(redis, [failure_message(facts)]):
        options.untold.append(warning)
        console.say(options, f"warning: {warning}")


def _undo_command(options: argparse.Namespace, load: str) -> str:
    environment = [] if options.environment == "DEFAULT" else ["--environment", options.environment]
    return shlex.join(["python", "scripts/cache_maintenance/undo_load.py", load, *environment])


def _command(options: argparse.Namespace, run: str) -> str:
    """The command line of a run with the options that say what is loaded, and into what."""
    given = [
        ("--holdings-dir", options.holdings_dir),
        ("--classification", options.classification),
        ("--overrides", options.overrides),
        ("--environment", options.environment if options.environment != "DEFAULT" else None),
    ]
    words = ["python", "scripts/cache_maintenance/refresh.py", run]
    words += [str(word) for option, value in given if value for word in (option, value)]
    return shlex.join(words)
