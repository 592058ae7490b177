"""Any sequence of loads, hands, undos and cut connections against a model in plain dictionaries.

After every step: the stored rows, what is believed of each day now, and what was known at an earlier version.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.files import write_fund
from tests.relationships.history_model import DAYS, FRIDAYS, History, Rows
from tests.stored import query
from tickstock.db import Connection, Database, closing
from tickstock.errors import BusyError, RefusedError
from tickstock.relationships.change import carry_out
from tickstock.relationships.inputs import Inputs, etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options
from tickstock.relationships.undo import Undo, read_run

FUNDS = st.sampled_from(["SPY", "SPY", "QQQ"])
SYMBOLS = st.sampled_from(["AA", "BB", "CC"])
WEIGHTS = st.integers(1, 2)
ROWS = st.dictionaries(SYMBOLS, WEIGHTS, min_size=1, max_size=3)
FILES = st.dictionaries(FUNDS, st.tuples(ROWS, st.one_of(st.sampled_from(FRIDAYS), st.none())), min_size=1)
MODES = st.sampled_from(["full", "incremental"])
CAMPAIGN = settings(
    deadline=None, max_examples=20, stateful_step_count=12, suppress_health_check=list(HealthCheck),
    phases=set(Phase) - {Phase.shrink} if os.environ.get("NOSHRINK") else set(Phase),
)

BELIEF = """
    SELECT g.id, d.day, m.symbol, m.weight::integer
      FROM unnest(%s::date[]) d (day)
     CROSS JOIN unnest(%s::integer[]) g (id)
     CROSS JOIN LATERAL members_on(ARRAY[g.id], d.day, %s) m"""
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


class Machine(RuleBasedStateMachine):
    """Each run of it has a database of its own."""

    def __init__(self, database: Database, witness: Connection, folder: Path) -> None:
        super().__init__()
        self.database, self.witness, self.folder = database, witness, folder
        self.model = History()
        self.known: list[tuple[int, dict[int, dict[date, Rows]]]] = []

    @rule(files=FILES, mode=MODES)
    def load(self, files: dict[str, tuple[Rows, date | None]], mode: str) -> None:
        for name, file in files.items():
            self._load({name: file}, mode)

    @rule(files=FILES)
    def load_a_folder(self, files: dict[str, tuple[Rows, date | None]]) -> None:
        self._load(files, "full", whole=True)

    @precondition(lambda self: self._rows())
    @rule(data=st.data(), weight=WEIGHTS)
    def edit(self, data: st.DataObject, weight: int) -> None:
        id_, symbol = data.draw(st.sampled_from(self._rows()))
        old, owned = self.model.groups[id_].rows[symbol]
        if old != weight:
            self._by_hand("UPDATE group_memberships SET weight = %s WHERE (group_id, symbol) = (%s, %s)", weight, id_,
                          symbol)  # fmt: skip
            self.model.hand(self._last_run(), id_, symbol, (weight, owned))

    @precondition(lambda self: self._rows())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        id_, symbol = data.draw(st.sampled_from(self._rows()))
        self._by_hand("DELETE FROM group_memberships WHERE (group_id, symbol) = (%s, %s)", id_, symbol)
        self.model.hand(self._last_run(), id_, symbol, None)

    @precondition(lambda self: self._groups())
    @rule(data=st.data(), symbol=SYMBOLS, weight=WEIGHTS)
    def insert(self, data: st.DataObject, symbol: str, weight: int) -> None:
        id_ = data.draw(st.sampled_from(self._groups()))
        if symbol not in self.model.groups[id_].rows:
            self._by_hand("INSERT INTO group_memberships (group_id, symbol, weight) VALUES (%s, %s, %s)", id_, symbol,
                          weight)  # fmt: skip
            self.model.hand(self._last_run(), id_, symbol, (weight, False))

    @precondition(lambda self: self._groups())
    @rule(data=st.data())
    def delete_group(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(self._groups()))
        self._by_hand("DELETE FROM definition_groups WHERE id = %s", id_)
        self.model.delete_group(self._last_run(), id_)

    @precondition(lambda self: self.model.runs)
    @rule(back=st.integers(0, 3))
    def undo(self, back: int) -> None:
        runs = list(self.model.runs)
        target = runs[max(0, len(runs) - 1 - back)]
        expected = self.model.plan_undo(target)
        note(f"undo {target}: {expected}")
        with closing(self.database.connect()) as connection:
            run = read_run(connection, target, "DEFAULT")
            try:
                outcome = carry_out(self.database, connection, Undo(run, Options(run.type, mode="undo")))
            except RefusedError:
                assert expected == "refused"
                return
        assert expected != "refused"
        if outcome.load_id:
            self.model.undo(outcome.load_id, target)
        else:
            assert expected == "nothing"

    @rule(files=FILES, statement=st.integers(1, 40))
    def cut(self, files: dict[str, tuple[Rows, date | None]], statement: int) -> None:
        self._load(dict([next(iter(files.items()))]), "full", cut=statement)

    @invariant()
    def the_stored_rows_are_the_models(self) -> None:
        stored: dict[int, dict[str, tuple[int, bool]]] = {}
        for id_, symbol, weight, owned in query(self.witness, STORED):
            rows = stored.setdefault(id_, {})
            if symbol:
                rows[symbol] = (weight, owned)
        assert stored == {id_: group.rows for id_, group in self.model.groups.items() if group.stored}

    @invariant()
    def every_day_is_as_the_model_has_it(self) -> None:
        believed = {id_: {day: group.believed(day) for day in DAYS} for id_, group in self.model.groups.items()}
        assert _differences(self._belief(None), believed) == []
        ((version,),) = query(self.witness, "SELECT COALESCE(max(version), 0) FROM data_version")
        self.known.append((version, believed))
        old, then = self.known[len(self.known) // 2]
        assert _differences({id_: days for id_, days in self._belief(old).items() if id_ in then}, then) == []

    # How

    def _load(
        self, files: dict[str, tuple[Rows, date | None]], mode: str, whole: bool = False, cut: int = 0
    ) -> None:
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
            ids = dict(query(self.witness, "SELECT name, id FROM definition_groups WHERE type = 'ETF'"))
            named = files if whole else {name: files[name] for name in [next(iter(files))]}
            self.model.load(outcome.load_id, named, mode if whole else "one " + mode, ids)

    def _inputs(self, files: dict[str, tuple[Rows, date | None]], whole: bool) -> Inputs:
        for path in self.folder.iterdir():
            path.unlink()
        for name, (rows, day) in files.items():
            path = write_fund(self.folder, name, rows)
            if day:
                path.rename(path.with_name(f"{path.stem}@{day}.csv"))
        return etf_inputs(self.folder, None if whole else next(iter(files)))

    def _end_backend(self, pid: int) -> None:
        query(self.witness, "SELECT pg_terminate_backend(%s, 2000)", pid)

    def _belief(self, version: int | None) -> dict[int, dict[date, Rows]]:
        ids = list(self.model.groups)
        result: dict[int, dict[date, Rows]] = {id_: {day: {} for day in DAYS} for id_ in ids}
        for id_, day, symbol, weight in query(self.witness, BELIEF, DAYS, ids, version):
            result[id_][day][symbol] = weight
        return result

    def _rows(self) -> list[tuple[int, str]]:
        return [(id_, symbol) for id_, group in self.model.groups.items() for symbol in sorted(group.rows)]

    def _groups(self) -> list[int]:
        return [id_ for id_, group in self.model.groups.items() if group.stored]

    def _by_hand(self, sql: str, *values: object) -> None:
        query(self.witness, sql, *values)

    def _last_run(self) -> int:
        ((run,),) = query(self.witness, "SELECT load_id FROM data_version ORDER BY version DESC LIMIT 1")
        return int(run)


def _differences(found: dict[int, dict[date, Rows]], expected: dict[int, dict[date, Rows]]) -> list[str]:
    return [
        f"{id_} {day}: found {found[id_][day]}, expected {rows}"
        for id_, days in expected.items()
        for day, rows in days.items()
        if found[id_][day] != rows
    ]


def test_any_sequence_is_as_the_model_has_it(
    new_database: Callable[..., Database], template: str, folder: Path
) -> None:
    opened: list[Connection] = []

    def machine() -> Machine:
        while opened:
            opened.pop().close()
        database = new_database(template)
        opened.append(database.connect())
        return Machine(database, opened[0], folder)

    try:
        run_state_machine_as_test(machine, settings=CAMPAIGN)  # type: ignore[arg-type]
    finally:
        opened.pop().close()
