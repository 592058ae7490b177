"""A load from files: decide what to read, stage it, compare it with what is stored. Every loader goes through here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tickstock.errors import BadInputError
from tickstock.relationships import guards, past, store
from tickstock.relationships.change import Progress, carry_out
from tickstock.relationships.inputs import Inputs
from tickstock.relationships.locks import MovedError
from tickstock.relationships.plan import GroupPlan, Options, Outcome, Plan, StoredGroup
from tickstock.relationships.sectors import conflict_warnings, count_unclassified, read_coverage
from tickstock.relationships.staging import GroupInput, Staged, StagedFile, stage

if TYPE_CHECKING:
    from tickstock.db import Connection, Cursor, Database
    from tickstock.sources.records import Problem


def load(
    database: Database,
    connection: Connection,
    inputs: Inputs,
    options: Options,
    progress: Progress = lambda step, done, of: None,
) -> Outcome:
    """Make the stored groups of one type what ``inputs`` say, or with ``options.dry_run`` say what would change.

    Raises:
        BadInputError: files have problems; every one of them is listed.
        TickstockError, KeyboardInterrupt: see :func:`tickstock.relationships.change.carry_out`.
    """
    return carry_out(database, connection, FileLoad(inputs, options, progress), progress)


class FileLoad:
    """A load of files, as :class:`tickstock.relationships.change.Change` wants it."""

    def __init__(self, inputs: Inputs, options: Options, progress: Progress) -> None:
        self._inputs, self.options, self._progress = inputs, options, progress

    def prepare(self, connection: Connection) -> None:
        """Read the files that must be read, into the staged tables.

        Raises:
            BadInputError: files have problems; every one of them is listed.
        """
        inputs, options = self._inputs, self.options
        with connection.cursor() as cursor:
            self._version = store.read_version(cursor)
            self._stored = store.read_status(cursor, options)
        self._to_read = to_read = _to_read(inputs.groups, self._stored, options)
        self._staged = staged = stage(
            connection, inputs.groups, to_read, lambda done: self._progress("reading files", done, len(to_read))
        )
        problems = (*inputs.problems, *staged.problems)
        files = sum(1 for wanted in inputs.groups if wanted.read)
        if problems and not (options.skip_bad_files and len(staged.bad_groups) < files):
            raise BadInputError("\n".join(map(str, problems)))

    def plan(self, cursor: Cursor) -> Plan:
        """Compare what is staged with what is stored. Raises MovedError where other files have to be read now."""
        stored = self._stored
        if store.read_version(cursor) != self._version:
            stored = store.read_status(cursor, self.options)
            if _to_read(self._inputs.groups, stored, self.options) != self._to_read:
                raise MovedError
        return _plan(cursor, self.options, stored, self._staged, self._inputs)

    def apply(self, cursor: Cursor, plan: Plan, run_key: str) -> int:
        """Write the plan and its record; give the load's id."""
        return store.apply_plan(cursor, plan, run_key)


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
        and wanted.as_of in (None, group.last_as_of)
        and _checksum(wanted) == group.last_checksum
    )


def _checksum(wanted: GroupInput) -> str | None:
    """None for a file that cannot be read: reading it tells why."""
    assert wanted.checksum is not None
    try:
        return wanted.checksum()
    except BadInputError:
        return None


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
        conflicts = tuple(conflict_warnings(cursor))
        spared.append("")  # which sectors there are is not its business
    older = [file for file in staged.files.values() if _is_older(file, stored.get(file.name), options, inputs)]
    past.set_apart(cursor, older, stored)
    groups = store.compute_plan(cursor, options, stored, spared)
    corrected = past.plan_past(cursor, older, stored)
    refused: list[str] = []
    overridden: list[str] = []
    accidents = [*guards.refusals(options, groups, staged.files, stored)]
    if inputs.method:
        coverage = read_coverage(cursor, options)
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
        news=any(group.news for group in corrected)
        or (not (inputs.method and inputs.method.build) and _news(groups, stored, staged)),
        coverage=coverage,
        past=corrected,
        unsettled=past.find_unsettled(cursor, staged.files.values(), stored),
    )


def _is_older(file: StagedFile, stored: StoredGroup | None, options: Options, inputs: Inputs) -> bool:
    if stored is None:
        return inputs.beside_newer and options.dry_run
    return past.is_past(file, stored, inputs.beside_newer)


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
            or stored[group.name].last_as_of != staged.files[group.name].as_of
            or stored[group.name].fingerprint != stored[group.name].last_fingerprint
            or (stored[group.name].last_kept, stored[group.name].last_missing) != (group.kept, group.missing)
        )
        for group in groups
    )
