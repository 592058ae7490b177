"""Any sequence of files, loads and hands against a plain model: what is stored, what is planned, what a dry run says.

The model's one rule for hands: a row is a hand's if nobody owns it, if it is not as the last load left it, or if
the last load kept it as a hand's. Where file and stored row agree at a load, the row is the file's again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.stored import query
from tickstock.db import Connection, Database, closing
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options, Plan, row_changes

Rows = dict[str, Decimal | None]
Counts = dict[str, int]
WORDS = ("added", "changed", "removed", "unchanged", "kept", "missing")
FUNDS = ("QQQ", "SPY")
SYMBOLS = ("AA", "BB", "CC")

STORED = """
    SELECT g.name, m.symbol, m.weight, COALESCE(m.metadata ->> 'source' = 'file', false)
      FROM definition_groups g LEFT JOIN group_memberships m ON m.group_id = g.id
     WHERE g.type = 'ETF' AND g.environment = %s"""
OPEN = """
    SELECT v.group_id, v.symbol, v.weight, v.metadata::text
      FROM membership_versions v WHERE v.closed_by IS NULL AND v.symbol IS NOT NULL ORDER BY 1, 2"""
CURRENT = "SELECT group_id, symbol, weight, metadata::text FROM group_memberships ORDER BY 1, 2"


@dataclass
class Fund:
    """A stored fund as the model sees it. ``left``: its weights after the last load; ``hands``: the rows kept then."""

    weights: Rows = field(default_factory=dict)
    owned: set[str] = field(default_factory=set)
    left: Rows = field(default_factory=dict)
    hands: set[str] = field(default_factory=set)

    def is_hands(self, symbol: str) -> bool:
        was, now = symbol in self.left, symbol in self.weights
        moved = was != now or (now and self.left[symbol] != self.weights[symbol])
        return moved or symbol in self.hands or (now and symbol not in self.owned)

    def has_hands(self) -> bool:
        return any(map(self.is_hands, {*self.left, *self.weights}))

    def action(self, symbol: str, file: Rows, leave_hand: bool, keep_missing: bool) -> str:
        hand = leave_hand and self.is_hands(symbol)
        if symbol not in self.weights:
            return "kept" if hand else "added"
        if symbol not in file:
            return "kept" if hand else "missing" if keep_missing else "removed"
        if self.weights[symbol] == file[symbol] and (leave_hand or symbol in self.owned):
            return "unchanged"
        return "kept" if hand else "changed"

    def load(self, file: Rows, leave_hand: bool, keep_missing: bool) -> Counts:
        """Do to the fund what a load of ``file`` does; give the counts of the plan."""
        actions = {
            symbol: self.action(symbol, file, leave_hand, keep_missing)
            for symbol in sorted(file.keys() | self.weights.keys())
        }
        for symbol, action in actions.items():
            if action in ("added", "changed"):
                self.weights[symbol] = file[symbol]
                self.owned.add(symbol)
            elif action == "removed":
                del self.weights[symbol]
                self.owned.discard(symbol)
        self.left = dict(self.weights)
        self.hands = {symbol for symbol, action in actions.items() if action == "kept"}
        return {word: sum(action == word for action in actions.values()) for word in WORDS}


class Model:
    """Files and stored funds as dictionaries."""

    def __init__(self) -> None:
        self.files: dict[str, Rows] = {}
        self.funds: dict[str, Fund] = {}

    def load(self, mode: str, keep_manual: bool, keep_missing: bool) -> dict[str, Counts]:
        """Counts by fund, of the funds that have a file."""
        full = mode == "full"
        for name in list(self.funds):
            if full and name not in self.files and not (keep_manual and self.funds[name].has_hands()):
                del self.funds[name]
        return {
            name: self.funds.setdefault(name, Fund()).load(rows, keep_manual or not full, keep_missing and not full)
            for name, rows in self.files.items()
        }

    def stored(self) -> dict[str, dict[str, tuple[Decimal | None, bool]]]:
        return {
            name: {symbol: (weight, symbol in fund.owned) for symbol, weight in fund.weights.items()}
            for name, fund in self.funds.items()
        }


WEIGHTS = st.sampled_from([Decimal(10), Decimal("20.5"), None])
FUND = st.sampled_from((*FUNDS, "SPY", "SPY"))  # most steps meet in one fund
ROWS = st.dictionaries(st.sampled_from(SYMBOLS), WEIGHTS, min_size=1)
ROW = (FUND, st.sampled_from(SYMBOLS), WEIGHTS)
LOAD = st.tuples(st.just("load"), st.sampled_from(["full", "incremental"]), st.booleans(), st.booleans())
INCREMENTAL = st.just(("load", "incremental", False, False))
STEP = st.one_of(
    st.tuples(st.just("write"), FUND, ROWS),
    st.tuples(st.just("unlink"), FUND),
    LOAD,
    INCREMENTAL,
    st.tuples(st.just("edit"), *ROW),
    st.tuples(st.just("insert"), *ROW),
    st.tuples(st.just("delete"), *ROW),
    st.tuples(st.just("disown"), *ROW),
    st.tuples(st.just("annotate"), *ROW),
    st.tuples(st.just("delete_group"), FUND),
)
STEPS = st.lists(STEP, min_size=4, max_size=14)
CAMPAIGN = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=100
)

HAND = " FROM definition_groups g WHERE g.id = m.group_id AND g.name = %s AND g.environment = %s AND m.symbol = %s"


class Hand:
    """A person in psql, and what the model makes of it."""

    def __init__(self, connection: Connection, environment: str, model: Model) -> None:
        self._connection, self._environment, self._model = connection, environment, model

    def _update(self, change: str, fund: str, symbol: str, *values: object) -> Fund | None:
        query(self._connection, "UPDATE group_memberships m SET " + change + HAND, *values, fund, self._environment,
              symbol)  # fmt: skip
        stored = self._model.funds.get(fund)
        return stored if stored and symbol in stored.weights else None

    def edit(self, fund: str, symbol: str, weight: Decimal | None) -> None:
        if stored := self._update("weight = %s", fund, symbol, weight):
            stored.weights[symbol] = weight

    def annotate(self, fund: str, symbol: str, weight: Decimal | None) -> None:
        self._update("metadata = m.metadata || jsonb_build_object('note', %s::text)", fund, symbol, weight)

    def disown(self, fund: str, symbol: str, weight: Decimal | None) -> None:
        if stored := self._update("metadata = '{}'", fund, symbol):
            stored.owned.discard(symbol)

    def insert(self, fund: str, symbol: str, weight: Decimal | None) -> None:
        query(
            self._connection,
            "INSERT INTO group_memberships (group_id, symbol, weight) SELECT id, %s, %s FROM definition_groups"
            " WHERE type = 'ETF' AND name = %s AND environment = %s ON CONFLICT DO NOTHING",
            symbol, weight, fund, self._environment,
        )  # fmt: skip
        if stored := self._model.funds.get(fund):
            stored.weights.setdefault(symbol, weight)

    def delete(self, fund: str, symbol: str, weight: Decimal | None) -> None:
        query(self._connection, "DELETE FROM group_memberships m USING" + HAND.removeprefix(" FROM"), fund,
              self._environment, symbol)  # fmt: skip
        if stored := self._model.funds.get(fund):
            stored.weights.pop(symbol, None)
            stored.owned.discard(symbol)

    def delete_group(self, fund: str) -> None:
        query(self._connection, "DELETE FROM definition_groups WHERE type = 'ETF' AND name = %s AND environment = %s",
              fund, self._environment)  # fmt: skip
        self._model.funds.pop(fund, None)


def stored(connection: Connection, environment: str) -> dict[str, dict[str, tuple[Decimal | None, bool]]]:
    result: dict[str, dict[str, tuple[Decimal | None, bool]]] = {}
    for name, symbol, weight, owned in query(connection, STORED, environment):
        rows = result.setdefault(name, {})
        if symbol is not None:
            rows[symbol] = (weight, owned)
    return result


def counts(plan: Plan, files: dict[str, Rows]) -> dict[str, Counts]:
    """As the model counts: the funds that have a file."""
    return {group.name: {word: getattr(group, word) for word in WORDS} for group in plan.groups if group.name in files}


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def write(folder: Path, model: Model, fund: str, rows: Rows) -> None:
    write_fund(folder, fund, rows)
    model.files[fund] = rows


def check_load(
    database: Database, folder: Path, load_etfs: Load, witness: Connection, model: Model, options: dict[str, object]
) -> None:
    """A dry run, the run, and the run again: each as the model has it."""

    def run() -> Plan:
        with closing(database.connect()) as connection:
            outcome = load(database, connection, etf_inputs(folder), Options("ETF", **options))  # type: ignore[arg-type]
            changes.append(list(row_changes(connection)))
            return outcome.plan

    environment = str(options["environment"])
    changes: list[object] = []
    before = stored(witness, environment)
    predicted = load_etfs(**options, dry_run=True).plan
    assert stored(witness, environment) == before
    plan = run()
    expected = model.load(str(options["mode"]), bool(options["keep_manual"]), bool(options["keep_missing"]))
    assert counts(plan, model.files) == expected
    assert stored(witness, environment) == model.stored()
    assert (plan.groups, plan.refusals, plan.warnings) == (predicted.groups, predicted.refusals, predicted.warnings)
    again = load_etfs(**options)
    assert (again.plan.empty, again.load_id) == (True, None)
    assert stored(witness, environment) == model.stored()
    assert query(witness, OPEN) == query(witness, CURRENT)


TEN, TWENTY = Decimal(10), Decimal("20.5")
INCREMENTALLY = ("load", "incremental", False, False)


@CAMPAIGN
@given(steps=STEPS)
# A hand emptied the fund: the second run has nothing to do.
@example([("delete", "SPY", "AA", None), ("delete", "SPY", "BB", None), INCREMENTALLY])
# A row edited and edited back is the file's, whatever happened to other rows.
@example([("edit", "SPY", "AA", TWENTY), ("edit", "SPY", "AA", TEN), ("edit", "SPY", "BB", TEN),
          ("write", "SPY", {"AA": None, "BB": TWENTY}), INCREMENTALLY])  # fmt: skip
# So is a row with a note.
@example([("annotate", "SPY", "AA", None), ("edit", "SPY", "BB", TEN),
          ("write", "SPY", {"AA": None, "BB": TWENTY}), INCREMENTALLY])  # fmt: skip
# With --keep-manual a fund without a file stays for the sake of a hand's row.
@example([("edit", "SPY", "AA", TWENTY), ("write", "QQQ", {"AA": TEN}), ("unlink", "SPY"),
          ("load", "full", True, False)])  # fmt: skip
@example([("disown", "SPY", "AA", None), ("write", "QQQ", {"AA": TEN}), ("unlink", "SPY"),
          ("load", "full", True, False)])  # fmt: skip
# The file dropped what a hand had deleted, and takes it up again.
@example([("edit", "SPY", "BB", TEN), ("delete", "SPY", "AA", None), ("write", "SPY", {"BB": TWENTY}), INCREMENTALLY,
          ("write", "SPY", {"AA": TEN}), INCREMENTALLY])  # fmt: skip
def test_any_sequence_of_files_loads_and_hands_is_as_the_model_has_it(
    database: Database, folder: Path, load_etfs: Load, witness: Connection, steps: list[tuple[object, ...]]
) -> None:
    empty(folder)
    model, environment = Model(), uuid4().hex[:10]  # an environment of its own for each example
    hand = Hand(witness, environment, model)
    write(folder, model, "SPY", {"AA": Decimal(10), "BB": Decimal("20.5")})
    start = ("load", "full", False, False)
    for step, *values in (start, *steps):
        if step == "write":
            write(folder, model, *values)  # type: ignore[arg-type]
        elif step == "unlink":
            if len(model.files) > 1 and model.files.pop(str(values[0]), {}):
                (folder / f"{str(values[0]).lower()}_holdings.csv").unlink()
        elif step == "load":
            mode, keep_manual, keep_missing = values
            options = {"mode": mode, "keep_manual": keep_manual, "keep_missing": keep_missing,
                       "environment": environment, "force": True}  # fmt: skip
            check_load(database, folder, load_etfs, witness, model, options)
        else:
            act: Callable[..., None] = getattr(hand, str(step))
            act(*values)


@CAMPAIGN
@given(weeks=st.lists(st.fixed_dictionaries(dict.fromkeys(FUNDS, ROWS)), min_size=1, max_size=4))
def test_without_hands_full_and_incremental_reach_the_same_state(
    folder: Path, load_etfs: Load, witness: Connection, weeks: list[dict[str, Rows]]
) -> None:
    empty(folder)
    full, incremental = uuid4().hex[:10], uuid4().hex[:10]
    for week in weeks:
        for fund, rows in week.items():
            write_fund(folder, fund, rows)
        load_etfs(environment=full, force=True)
        load_etfs(environment=incremental, mode="incremental", force=True)
        assert stored(witness, full) == stored(witness, incremental)
