"""One load, whole: decide what to read, stage it, plan, guard, apply. Every loader goes through here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import psycopg2
from psycopg2 import errors

from tickstock.db import closing
from tickstock.errors import BadInputError, BusyError, RefusedError, TickstockError
from tickstock.relationships import guards, store
from tickstock.relationships.entering import count_entering, enter_stocks
from tickstock.relationships.inputs import Inputs
from tickstock.relationships.locks import MovedError, locked_transaction
from tickstock.relationships.plan import GroupPlan, Options, Outcome, Plan, StoredGroup
from tickstock.relationships.sectors import conflict_warnings, count_unclassified, read_coverage
from tickstock.relationships.staging import GroupInput, Staged, clear_tables, create_tables, stage

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor, Database
    from tickstock.sources.records import Problem

RETRIES = 3
Progress = Callable[[str, int, int], None]


def _jitter(attempt: int) -> float:
    import random

    return random.uniform(0.05, 0.2) * (attempt + 1)  # noqa: S311 - no secret


class _Run(NamedTuple):
    """What outlives an attempt, or a cut connection: the run's key in ``load_runs``, and what it planned."""

    database: Database
    key: str
    planned: list[Plan]


def load(
    database: Database,
    connection: Connection,
    inputs: Inputs,
    options: Options,
    progress: Progress = lambda step, done, of: None,
) -> Outcome:
    """Make the stored groups of one type what ``inputs`` say, or with ``options.dry_run`` say what would change.

    All of it is one transaction under the lock of (environment, type): readers see the state before it until
    it commits, and two loads of a type never mix. The rows of the plan can be read from ``connection``
    afterwards (:func:`tickstock.relationships.plan.row_changes`).

    Raises:
        BadInputError: files have problems; every one of them is listed.
        RefusedError: a guard took the plan for an accident.
        BusyError: the lock was not to be had, or the connection was cut and nothing had been committed.
        KeyboardInterrupt, and the like: with a note, if the load was committed before it could be stopped.
        TickstockError: the check after the load failed; it was rolled back.
    """
    create_tables(connection)
    run_key = os.urandom(16).hex()
    planned: list[Plan] = []
    for attempt in range(RETRIES + 1):
        try:
            return _attempt(connection, inputs, options, progress, _Run(database, run_key, planned))
        except (MovedError, errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation) as error:
            if attempt == RETRIES:
                raise BusyError(
                    f"other sessions kept changing the same rows, {RETRIES + 1} times in a row "
                    f"({type(error).__name__}); nothing was written, try again when they are done"
                ) from error
            time.sleep(_jitter(attempt))
            clear_tables(connection)
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            if not connection.closed:
                raise
            plan = planned[-1] if planned else Plan(options, ())
            return _outcome_of_cut(database, plan, run_key, error)
        except BaseException as stopped:
            if not isinstance(stopped, Exception):
                _note_commit(database, run_key, stopped)
            raise
    raise AssertionError("unreachable")


def _attempt(
    connection: Connection, inputs: Inputs, options: Options, progress: Progress, run: _Run
) -> Outcome:
    with connection.cursor() as cursor:
        version = store.read_version(cursor)
        stored = store.read_status(cursor, options)
    to_read = _to_read(inputs.groups, stored, options)
    staged = stage(connection, inputs.groups, to_read, lambda done: progress("reading files", done, len(to_read)))
    problems = (*inputs.problems, *staged.problems)
    files = sum(1 for wanted in inputs.groups if wanted.read)
    if problems and not (options.skip_bad_files and len(staged.bad_groups) < files):
        raise BadInputError("\n".join(map(str, problems)))
    with locked_transaction(connection, options) as cursor:
        if store.read_version(cursor) != version:
            stored = store.read_status(cursor, options)
            if _to_read(inputs.groups, stored, options) != to_read:
                raise MovedError
        plan = _plan(cursor, options, stored, staged, inputs)
        run.planned.append(plan)
        if options.dry_run:
            return Outcome(plan, entered=count_entering(cursor, options))
        if plan.refusals:
            raise RefusedError(_refusal(plan))
        if plan.empty and not plan.news:
            return Outcome(plan)
        rows = plan.total("added") + plan.total("changed") + plan.total("removed")
        progress("writing rows", 0, rows)
        load_id = store.apply_plan(cursor, plan, run.key)
        return Outcome(plan, load_id, enter_stocks(run.database, cursor, options))


def _to_read(groups: Sequence[GroupInput], stored: dict[str, StoredGroup], options: Options) -> frozenset[str]:
    """Full reads every file. Incremental passes over a file that is the last load's, if its group is too."""
    return frozenset(
        wanted.name
        for wanted in groups
        if wanted.read and (options.full or not _settled(wanted, stored.get(wanted.name), options))
    )


def _settled(wanted: GroupInput, group: StoredGroup | None, options: Options) -> bool:
    return (
        group is not None
        and group.fingerprint == group.last_fingerprint
        and not group.last_kept
        and (options.keep_missing or not group.last_missing)
        and _checksum(wanted) == group.last_checksum
    )


def _checksum(wanted: GroupInput) -> str | None:
    """None for a file that cannot be read: reading it tells why."""
    assert wanted.checksum is not None
    try:
        return wanted.checksum()
    except BadInputError:
        return None


def _refusal(plan: Plan) -> str:
    """The sentences of the guards that refuse a plan, and what to do about it."""
    advice = "refused, nothing was written; --dry-run shows the plan, --force [GROUP ...] goes on"
    return "\n".join([*plan.refusals, advice])


def _plan(
    cursor: Cursor,
    options: Options,
    stored: dict[str, StoredGroup],
    staged: Staged,
    inputs: Inputs,
) -> Plan:
    store.find_hand_rows(cursor, options, stored)
    spared = [*staged.bad_groups, *inputs.bad_groups]
    coverage = None
    conflicts: Iterable[str] = ()
    if inputs.method:
        staged = inputs.method.stage(cursor, options, stored)
        coverage, conflicts = read_coverage(cursor, options), tuple(conflict_warnings(cursor))
        spared.append("")  # which sectors there are is not its business
    groups = store.compute_plan(cursor, options, stored, spared)
    refused: list[str] = []
    overridden: list[str] = []
    accidents = [*guards.refusals(options, groups, staged.files, stored)]
    if inputs.method:
        accidents += guards.declassified(count_unclassified(cursor), groups)
    for name, found in accidents:
        (overridden if options.forces(name) else refused).append(found)
    return Plan(
        options,
        groups,
        tuple(refused),
        tuple(overridden),
        (
            *inputs.warnings,
            *staged.warnings,
            *_left_out((*inputs.problems, *staged.problems)),
            *guards.warnings(options, staged.files, groups, stored),
            *conflicts,
        ),
        files=tuple(staged.files[name] for name in sorted(staged.files)),
        news=not (inputs.method and inputs.method.build) and _news(groups, stored, staged),
        coverage=coverage,
    )


def _left_out(problems: Sequence[Problem]) -> Iterator[str]:
    """One sentence for each file that was not loaded because of its problems."""
    for path in dict.fromkeys(problem.path for problem in problems):
        own = [problem for problem in problems if problem.path == path]
        more = f" (and {len(own) - 1} more problems)" if len(own) > 1 else ""
        yield f"{path.name} left out whole, its group stays as stored: {own[0]}{more}"


def _news(groups: tuple[GroupPlan, ...], stored: dict[str, StoredGroup], staged: Staged) -> bool:
    """Whether a file has another checksum than the last load's, or the group was left in another state."""
    return any(
        group.read
        and (
            group.name not in stored
            or stored[group.name].last_checksum != staged.files[group.name].checksum
            or stored[group.name].fingerprint != stored[group.name].last_fingerprint
            or (stored[group.name].last_kept, stored[group.name].last_missing) != (group.kept, group.missing)
        )
        for group in groups
    )


def _note_commit(database: Database, run_key: str, interrupt: BaseException) -> None:
    """Tell, as a note on the interrupt, of a load that was committed before it could be stopped."""
    # Our own connection may still be cancelled by the signal; another one is not.
    with suppress(psycopg2.Error, TickstockError), closing(database.connect()) as connection:
        with connection.cursor() as cursor:
            load_id = store.find_load(cursor, run_key)
        if load_id is not None:
            interrupt.add_note(f"load {load_id}")


def _outcome_of_cut(database: Database, plan: Plan, run_key: str, error: Exception) -> Outcome:
    """After a lost connection: once its transaction has ended, look whether it had been committed."""
    known = True
    with closing(database.connect()) as connection:
        try:
            with locked_transaction(connection, plan.options) as cursor:
                load_id = store.find_load(cursor, run_key)
        except BusyError:
            # The next load of the type runs already, or this one still does.
            with connection.cursor() as cursor:
                load_id = store.find_load(cursor, run_key)
            known = load_id is not None
    found = f"the connection to the database was cut ({' '.join(str(error).split())})"
    if not known:
        raise BusyError(
            f"{found}; whether the load was committed is not known yet, "
            f"look later for the run_key {run_key} in load_runs"
        ) from error
    if load_id is None:
        raise BusyError(f"{found}; nothing was written, try again") from error
    warning = f"the connection was cut while the answer was on its way; load {load_id} was committed"
    return Outcome(plan._replace(warnings=(*plan.warnings, warning)), load_id)
