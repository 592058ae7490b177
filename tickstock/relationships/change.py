"""One way for every change: prepare, take the lock, plan, refuse or apply, in one transaction whose end is known.

Loads, undos and saved plans differ in what they plan and apply; they share everything else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

import psycopg2
from psycopg2 import errors

from tickstock.db import closing
from tickstock.errors import BusyError, RefusedError, TickstockError
from tickstock.relationships import store
from tickstock.relationships.entering import count_entering, enter_stocks, read_entering
from tickstock.relationships.locks import MovedError, locked_transaction
from tickstock.relationships.plan import Options, Outcome, Plan
from tickstock.relationships.staging import clear_tables, create_tables

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor, Database

RETRIES = 3
Progress = Callable[[str, int, int], None]


class Change(Protocol):
    """What a kind of change does of its own. It starts anew, from :meth:`prepare` on, whenever it is tried again."""

    @property
    def options(self) -> Options:
        """Of which type and environment; whether as a dry run."""

    def prepare(self, connection: Connection) -> None:
        """Read what the change is made of. Nothing but temporary tables is written; no lock is held."""

    def plan(self, cursor: Cursor) -> Plan:
        """Compare with what is stored, within the transaction; the rows go into the planned tables.

        Raises:
            MovedError: what :meth:`prepare` found is no longer so.
        """

    def apply(self, cursor: Cursor, plan: Plan, run_key: str) -> int:
        """Write the plan and its record, within the transaction; give the run's id."""


class _Run(NamedTuple):
    """What outlives an attempt, or a cut connection: the run's key in ``load_runs``, and what it planned."""

    database: Database
    key: str
    planned: list[Plan]


def carry_out(
    database: Database, connection: Connection, change: Change, progress: Progress = lambda step, done, of: None
) -> Outcome:
    """Plan a change and apply it; as a dry run, only plan it.

    All of it is one transaction under the lock of (environment, type): readers see the state before it until
    it commits, and two changes of a type never mix. The rows of the plan can be read from ``connection``
    afterwards (:func:`tickstock.relationships.plan.row_changes`).

    Raises:
        RefusedError: a guard took the plan for an accident.
        BusyError: the lock was not to be had, or the connection was cut and nothing had been committed.
        KeyboardInterrupt, and the like: with a note, if the change was committed before it could be stopped.
        TickstockError: the check after the change failed; it was rolled back.
    """
    run_key = os.urandom(16).hex()
    planned: list[Plan] = []
    for attempt in range(RETRIES + 1):
        try:
            (clear_tables if attempt else create_tables)(connection)
            return _attempt(connection, change, progress, _Run(database, run_key, planned))
        except (MovedError, errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation) as error:
            if attempt == RETRIES:
                raise BusyError(
                    f"other sessions kept changing the same rows, {RETRIES + 1} times in a row "
                    f"({type(error).__name__}); nothing was written, try again when they are done"
                ) from error
            time.sleep(_jitter(attempt))
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            if not connection.closed:
                raise
            plan = planned[-1] if planned else Plan(change.options, ())
            return _outcome_of_cut(database, plan, run_key, error)
        except BaseException as stopped:
            if not isinstance(stopped, Exception):
                _note_commit(database, run_key, stopped)
            raise
    raise AssertionError("unreachable")


def _attempt(connection: Connection, change: Change, progress: Progress, run: _Run) -> Outcome:
    options = change.options
    change.prepare(connection)
    with locked_transaction(connection, options) as cursor:
        plan = change.plan(cursor)
        run.planned.append(plan)
        if options.to_save:
            state, entering = store.read_state(cursor, options), read_entering(cursor, options)
            plan = plan._replace(state=state, entering=entering)
        if options.dry_run:
            return Outcome(plan, entered=count_entering(cursor, options))
        if plan.refusals:
            advice = f"refused, nothing was written; --dry-run shows the plan, {plan.advice}"
            raise RefusedError("\n".join([*plan.refusals, advice]))
        if plan.empty and not plan.news:
            return Outcome(plan)
        progress("writing rows", 0, plan.total("added") + plan.total("changed") + plan.total("removed"))
        load_id = change.apply(cursor, plan, run.key)
        return Outcome(plan, load_id, enter_stocks(run.database, cursor, options))


def _jitter(attempt: int) -> float:
    import random

    return random.uniform(0.05, 0.2) * (attempt + 1)  # noqa: S311 - no secret


def _note_commit(database: Database, run_key: str, interrupt: BaseException) -> None:
    """Tell, as a note on the interrupt, of a change that was committed before it could be stopped."""
    # Our own connection may still be cancelled by the signal; another one is not.
    with suppress(psycopg2.Error, TickstockError), closing(database.connect()) as connection:
        with connection.cursor() as cursor:
            load_id = find_run(cursor, run_key)
        if load_id is not None:
            interrupt.add_note(f"load {load_id}")


def _outcome_of_cut(database: Database, plan: Plan, run_key: str, error: Exception) -> Outcome:
    """After a lost connection: once its transaction has ended, look whether it had been committed."""
    known = True
    with closing(database.connect()) as connection:
        try:
            with locked_transaction(connection, plan.options) as cursor:
                load_id = find_run(cursor, run_key)
        except BusyError:
            # The next load of the type runs already, or this one still does.
            with connection.cursor() as cursor:
                load_id = find_run(cursor, run_key)
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


def find_run(cursor: Cursor, run_key: str) -> int | None:
    """The id of the run with this key, if it was committed."""
    cursor.execute("SELECT id FROM load_runs WHERE run_key = %s", (run_key,))
    row = cursor.fetchone()
    return int(row[0]) if row else None
