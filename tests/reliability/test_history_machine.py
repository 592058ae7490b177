"""Any sequence of loads, hands, undos, restores, kills and cut connections against a model in plain dictionaries.

After every step: the stored rows, what is believed of each day now, and what was known at an earlier version.
"""

from __future__ import annotations

import copy
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple

import hypothesis
import psycopg2
import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.files import write_fund
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.history_model import FRIDAYS, Believed, History, Rows
from tests.reliability.kept import keep, put_back, settle
from tests.reliability.processes import Trap, run
from tests.stored import query
from tickstock.backups.backup import make_backup
from tickstock.backups.folder import Backup
from tickstock.backups.restore import restore
from tickstock.db import Connection, Database, closing
from tickstock.errors import BusyError, RefusedError, TickstockError
from tickstock.relationships.change import carry_out
from tickstock.relationships.inputs import Inputs, etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options
from tickstock.relationships.undo import Undo, read_run
from tickstock.wheel import PROGRAMS, unpacked_wheel

SEEDS: dict[str, tuple[int, ...]] = {}
SEQUENCES = 20  # of one seed
# Everything comes from the seed; what failed once is no part of it.
CAMPAIGN = settings(
    deadline=None, max_examples=SEQUENCES, stateful_step_count=16, suppress_health_check=list(HealthCheck),
    database=None,
)  # fmt: skip

Files = dict[str, tuple[Rows, date | None]]

FUNDS = st.sampled_from(["SPY", "SPY", "QQQ"])
SYMBOLS = st.sampled_from(["AA", "BB", "CC"])
WEIGHTS = st.integers(1, 2)
ROWS = st.dictionaries(SYMBOLS, WEIGHTS, min_size=1, max_size=3)
FILES = st.dictionaries(FUNDS, st.tuples(ROWS, st.one_of(st.sampled_from(FRIDAYS), st.none())), min_size=1)
MODES = st.sampled_from(["full", "incremental"])
KINDS = st.sampled_from(["load", "undo", "restore", "restore"])
TRAPS = st.builds(Trap, st.integers(1, 70), st.just(SIGKILL), st.booleans())

BELIEF = """
    SELECT g.id, d.day, m.symbol, m.weight::integer
      FROM unnest(%(days)s::date[]) d (day)
     CROSS JOIN LATERAL groups_on(d.day, %(known)s) g
     CROSS JOIN LATERAL members_on(ARRAY[g.id], d.day, %(known)s) m
     WHERE g.type = 'ETF'"""
STORED = """
    SELECT g.id, m.symbol, m.weight::integer, COALESCE(m.metadata ->> 'source' = 'file', false)
      FROM definition_groups g LEFT JOIN group_memberships m ON m.group_id = g.id WHERE g.type = 'ETF'"""


class CutCursor(psycopg2.extensions.cursor):
    """The backend of its connection ends before the n-th statement; ``left`` counts down."""

    left = 0
    cut: Callable[[int], None]

    def execute(self, *arguments: Any) -> None:
        type(self).left -= 1
        if type(self).left == 0:
            type(self).cut(self.connection.info.backend_pid)
        super().execute(*arguments)


class Place(NamedTuple):
    """Where all sequences run, one after the other, and what they did so far."""

    database: Database
    witness: Connection
    files: Path
    backups: Path
    done: Counter[str]


class Saved(NamedTuple):
    """A backup, and what was so at its moment."""

    backup: Backup
    model: History
    known: list[tuple[int, Believed]]


class Machine(RuleBasedStateMachine):
    """One sequence. It finds the tables as the migrations left them."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.database, self.witness = place, place.database, place.witness
        put_back(self.witness)
        self.model = History(datetime.now(UTC).date())
        self.known: list[tuple[int, Believed]] = []
        self.backups: list[Saved] = []
        self.runs: list[int] = []  # all that ever were, also those that a restore took back
        place.done["sequences"] += 1

    def teardown(self) -> None:
        shutil.rmtree(self.place.backups, ignore_errors=True)

    @rule(files=FILES, mode=MODES)
    def load(self, files: Files, mode: str) -> None:
        for name, file in files.items():
            self._load({name: file}, mode)

    @rule(files=FILES)
    def load_a_folder(self, files: Files) -> None:
        self._load(files, "full", whole=True)

    @precondition(lambda self: self._rows())
    @rule(data=st.data(), weight=WEIGHTS)
    def edit(self, data: st.DataObject, weight: int) -> None:
        id_, symbol = data.draw(st.sampled_from(self._rows()))
        old, owned = self.model.groups[id_].rows[symbol]
        if old != weight:
            run = self._by_hand("UPDATE group_memberships SET weight = %s WHERE (group_id, symbol) = (%s, %s)", weight,
                                id_, symbol)  # fmt: skip
            self.model.hand(run, id_, symbol, (weight, owned))

    @precondition(lambda self: self._rows())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        id_, symbol = data.draw(st.sampled_from(self._rows()))
        run = self._by_hand("DELETE FROM group_memberships WHERE (group_id, symbol) = (%s, %s)", id_, symbol)
        self.model.hand(run, id_, symbol, None)

    @precondition(lambda self: self._groups())
    @rule(data=st.data(), symbol=SYMBOLS, weight=WEIGHTS)
    def insert(self, data: st.DataObject, symbol: str, weight: int) -> None:
        id_ = data.draw(st.sampled_from(self._groups()))
        if symbol not in self.model.groups[id_].rows:
            run = self._by_hand("INSERT INTO group_memberships (group_id, symbol, weight) VALUES (%s, %s, %s)", id_,
                                symbol, weight)  # fmt: skip
            self.model.hand(run, id_, symbol, (weight, False))

    @precondition(lambda self: self._groups())
    @rule(data=st.data())
    def delete_group(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(self._groups()))
        run = self._by_hand("DELETE FROM definition_groups WHERE id = %s", id_)
        self.model.delete_group(run, id_)

    @precondition(lambda self: self.model.runs)
    @rule(back=st.integers(0, 3))
    def undo(self, back: int) -> None:
        target, expected = self._to_undo(back)
        with closing(self.database.connect()) as connection:
            if expected == "no undo":
                with pytest.raises(TickstockError, match="is of the kind restore"):
                    read_run(connection, target, "DEFAULT")
                return
            run = read_run(connection, target, "DEFAULT")
            try:
                outcome = carry_out(self.database, connection, Undo(run, Options(run.type, mode="undo")))
            except RefusedError:
                assert expected == "refused" or self.model.may_refuse(target)
                return
        self._undone(outcome.load_id, target, expected)

    @rule(files=FILES, statement=st.integers(1, 40))
    def cut(self, files: Files, statement: int) -> None:
        self._load(dict([next(iter(files.items()))]), "full", cut=statement)

    @precondition(lambda self: self._runs_since_backup() > 2)
    @rule()
    def back_up(self) -> None:
        with closing(self.database.connect()) as connection:
            backup = make_backup(self.database, connection, self.place.backups)
        self.backups = [*self.backups[-1:], Saved(backup, copy.deepcopy(self.model), [*self.known])]
        self.place.done["backups"] += 1

    @precondition(lambda self: self.backups)
    @rule(back=st.integers(0, 1))
    def restore_if_nothing_is_lost(self, back: int) -> None:
        saved = self._to_restore(back)
        with closing(self.database.connect()) as connection:
            try:
                done = restore(self.database, connection, saved.backup)
            except RefusedError:
                assert self._lost(saved)
                return
        assert not self._lost(saved)
        self._restored(done.load_id, saved)

    @precondition(lambda self: self.backups)
    @rule(back=st.integers(0, 1))
    def restore_by_force(self, back: int) -> None:
        saved = self._to_restore(back)
        with closing(self.database.connect()) as connection:
            done = restore(self.database, connection, saved.backup, force=True)
        assert done.lost
        assert done.lost.total == self._lost(saved)
        self._restored(done.load_id, saved)

    @precondition(lambda self: len(self.runs) > len(self.model.runs))
    @rule(back=st.integers(0, 3))
    def undo_what_is_gone(self, back: int) -> None:
        gone = [run for run in self.runs if run not in self.model.runs]
        with closing(self.database.connect()) as connection, pytest.raises(TickstockError, match="found no load"):
            read_run(connection, gone[max(0, len(gone) - 1 - back)], "DEFAULT")

    @rule(what=KINDS, trap=TRAPS, files=FILES, mode=MODES, back=st.integers(0, 1))
    def kill(self, what: str, trap: Trap, files: Files, mode: str, back: int) -> None:
        if what == "restore" and self.backups:
            saved = self._to_restore(back)
            if run := self._kill(f"restore {saved.backup.path} --force", trap):
                self._restored(run, saved)
        elif what == "undo" and self.model.runs:
            target, expected = self._to_undo(back)
            statuses = (3,) if expected == "refused" else (1,) if expected == "no undo" else (0,)
            run = self._kill(f"undo_load {target}", trap, *statuses, *((3,) if self.model.may_refuse(target) else ()))
            if run:
                self._undone(run, target, expected)
        else:
            name, file = next(iter(files.items()))
            self._inputs({name: file}, whole=False)
            if run := self._kill(f"load_etf_holdings --etf {name} --mode {mode} --force", trap):
                self._loaded(run, {name: file}, "one " + mode)

    @invariant()
    def the_stored_rows_are_the_models(self) -> None:
        self.place.done["steps"] += 1
        stored: dict[int, dict[str, tuple[int, bool]]] = {}
        for id_, symbol, weight, owned in query(self.witness, STORED):
            rows = stored.setdefault(id_, {})
            if symbol:
                rows[symbol] = (weight, owned)
        assert stored == {id_: group.rows for id_, group in self.model.groups.items() if group.stored}

    @invariant()
    def every_day_is_as_the_model_has_it(self) -> None:
        believed = self.model.believed()
        assert self._belief(None) == believed
        ((version,),) = query(self.witness, "SELECT COALESCE(max(version), 0) FROM data_version")
        self.known.append((version, believed))
        old, then = self.known[len(self.known) // 2]
        assert self._belief(old) == then

    # How

    def _load(self, files: Files, mode: str, whole: bool = False, cut: int = 0) -> None:
        before = self._last_run()
        inputs = self._inputs(files, whole)
        options = Options("ETF", mode=mode, only=None if whole else next(iter(files)), force=True)
        with closing(self.database.connect()) as connection:
            if cut:
                connection.cursor_factory = CutCursor
                CutCursor.left = cut
                CutCursor.cut = self._end_backend
            try:
                outcome = load(self.database, connection, inputs, options)
            except BusyError:
                assert cut
                assert self._last_run() == before
                return
        if outcome.load_id:
            self._loaded(outcome.load_id, files, mode if whole else "one " + mode)

    def _loaded(self, run: int, files: Files, mode: str) -> None:
        self._see(run)
        ids = dict(query(self.witness, "SELECT name, id FROM definition_groups WHERE type = 'ETF'"))
        self.model.load(run, files, mode, ids)

    def _to_undo(self, back: int) -> tuple[int, str]:
        """A run, and what the model expects of its undo."""
        runs = list(self.model.runs)
        target = runs[max(0, len(runs) - 1 - back)]
        expected = self.model.plan_undo(target)
        note(f"undo {target}: {expected}")
        return target, expected

    def _undone(self, run: int | None, target: int, expected: str) -> None:
        assert expected in ("undone", "nothing")
        if run:
            self._see(run)
            self.model.undo(run, target)
        else:
            assert expected == "nothing"

    def _runs_since_backup(self) -> int:
        return len(self.model.runs) - (len(self.backups[-1].model.runs) if self.backups else 0)

    def _to_restore(self, back: int) -> Saved:
        return self.backups[max(0, len(self.backups) - 1 - back)]

    def _lost(self, saved: Saved) -> int:
        """How many runs a restore takes back."""
        return len(set(self.model.runs) - set(saved.model.runs))

    def _restored(self, run: int | None, saved: Saved) -> None:
        assert run
        self._see(run)
        self.model.restore(run, saved.model)
        self.known = [*saved.known]
        self.place.done["restores"] += 1

    def _kill(self, command: str, trap: Trap, *statuses: int) -> int | None:
        """The run that was committed all the same. A process that is faster than its killer ends with a status of its
        own.
        """
        before = self._last_run()
        ended = run(self.database, self.place.files, command, trap)
        assert ended.status in (-SIGKILL, *(statuses or (0,))), ended
        settle(self.witness)
        self.place.done["kills"] += ended.status == -SIGKILL
        last = self._last_run()
        return None if last == before else last

    def _inputs(self, files: Files, whole: bool) -> Inputs:
        for path in self.place.files.iterdir():
            path.unlink()
        for name, (rows, day) in files.items():
            path = write_fund(self.place.files, name, rows)
            if day:
                path.rename(path.with_name(f"{path.stem}@{day}.csv"))
        return etf_inputs(self.place.files, None if whole else next(iter(files)))

    def _end_backend(self, pid: int) -> None:
        query(self.witness, "SELECT pg_terminate_backend(%s, 2000)", pid)

    def _belief(self, version: int | None) -> Believed:
        result: Believed = {}
        with self.witness.cursor() as cursor:
            cursor.execute(BELIEF, {"days": self.model.days, "known": version})
            for id_, day, symbol, weight in cursor:
                result.setdefault((id_, day), {})[symbol] = weight
        return result

    def _rows(self) -> list[tuple[int, str]]:
        return [(id_, symbol) for id_, group in self.model.groups.items() for symbol in sorted(group.rows)]

    def _groups(self) -> list[int]:
        return [id_ for id_, group in self.model.groups.items() if group.stored]

    def _by_hand(self, sql: str, *values: object) -> int:
        """Give the run that it was."""
        query(self.witness, sql, *values)
        last = self._last_run()
        self._see(last)
        return last

    def _last_run(self) -> int:
        ((last,),) = query(self.witness, "SELECT load_id FROM data_version ORDER BY version DESC LIMIT 1")
        return int(last)

    def _see(self, run: int) -> None:
        assert run not in self.runs, "a number was given twice"
        self.runs.append(run)


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "holdings").mkdir()
    with closing(database.connect()) as witness:
        keep(witness)
        # The programs of one version need not be looked for.
        wheel = unpacked_wheel()
        database = database._replace(binaries=wheel and wheel / PROGRAMS)
        yield Place(database, witness, tmp_path / "holdings", tmp_path / "backups", Counter())


def test_any_sequence_is_as_the_model_has_it(place: Place, rounds: Rounds, tell: Tell, seed: int) -> None:
    for turn in range(rounds(1, 100)):

        @hypothesis.seed(seed + turn)
        def machine() -> Machine:
            return Machine(place)

        try:
            run_state_machine_as_test(machine, settings=CAMPAIGN)  # type: ignore[arg-type]
        except BaseException as error:
            error.add_note(f"these {SEQUENCES} sequences again: --seed {seed + turn}")
            raise
    done = place.done
    tell(f"{done['sequences']:,} sequences, {done['steps']:,} steps, {done['kills']:,} of them kills, "
         f"{done['restores']:,} restores of {done['backups']:,} backups; 0 differences")  # fmt: skip
