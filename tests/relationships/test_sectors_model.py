"""Any sequence of evidence, hands, build and enrich against a plain model of the sectors."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import psycopg2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.test_model import CURRENT, OPEN
from tests.relationships.test_sectors import method, write
from tests.stored import everything, query
from tickstock.db import Connection, Database

NAMES = {"energy": "Energy", "information_technology": "Technology", "utilities": "Utilities", "unknown": "unknown"}
Sectors = dict[str, str]

SYMBOL = st.sampled_from(["AAPL", "QQA", "QQB"])
SECTOR = st.sampled_from(list(NAMES))
LIST = st.dictionaries(SYMBOL, st.sampled_from(list(NAMES)[:3]))
RUN = st.tuples(st.just("run"), st.booleans(), st.sampled_from(["full", "incremental"]), st.booleans())
HAND = (SYMBOL, SECTOR)
STEP = st.one_of(
    st.tuples(st.just("overrides"), st.dictionaries(SYMBOL, SECTOR)),
    st.tuples(st.sampled_from(["issuer", "classification"]), LIST),
    st.tuples(st.sampled_from(["XLE", "SPY"]), st.sets(SYMBOL)),
    st.tuples(
        st.sampled_from(["move", "insert", "delete", "industry", "disown", "list", "note", "delete_group"]), *HAND
    ),
    *[RUN] * 3,
)
ROW = " FROM definition_groups g WHERE g.id = m.group_id AND g.type = 'SECTOR' AND g.environment = %(environment)s" \
      " AND m.symbol = %(symbol)s"  # fmt: skip
GROUP = "(SELECT id FROM definition_groups WHERE type = 'SECTOR' AND name = %(sector)s" \
        " AND environment = %(environment)s)"  # fmt: skip
STATEMENTS = {
    "move": f"UPDATE group_memberships m SET group_id = {GROUP}{ROW} AND {GROUP} IS NOT NULL",
    "insert": "INSERT INTO group_memberships (group_id, symbol)"
    f" SELECT id, %(symbol)s FROM {GROUP} g ON CONFLICT DO NOTHING",
    "delete": f"DELETE FROM group_memberships m USING{ROW.removeprefix(' FROM')}",
    "industry": f"UPDATE group_memberships m SET metadata = m.metadata || '{{\"industry\": \"Mine\"}}'{ROW}",
    "disown": f"UPDATE group_memberships m SET metadata = '{{}}'{ROW}",
    "list": f"UPDATE group_memberships m SET metadata = '[\"mine\"]'{ROW}",
    "note": f"UPDATE group_memberships m SET metadata = m.metadata || '{{\"note\": \"mine\"}}'{ROW}",
    "delete_group": f"DELETE FROM definition_groups WHERE id = {GROUP}",
}


class World:
    """The input as dictionaries, and what of it the sectors have to say after a full enrich."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.overrides: Sectors = {}
        self.funds: dict[str, set[str]] = {"XLE": set(), "SPY": {"AAPL", "QQA", "QQB"}}
        self.issuer: Sectors = {}
        self.classification: Sectors = {}

    def write(self) -> None:
        for file, says in (("sector_overrides", self.overrides), ("stock_classification", self.classification)):
            write(self._folder, file, [f"{symbol},{NAMES[name]},," for symbol, name in says.items()])
        rows = [f"{symbol},{100 / len(self.issuer)},{NAMES[name]}" for symbol, name in self.issuer.items()]
        text = "\n".join(["symbol,weight,sector", *(rows or ["QQZ,100,"]), ""])
        (self._folder / "own_holdings.csv").write_text(text)
        for fund, members in self.funds.items():
            held = members or {"QQY"}
            write_fund(self._folder, fund, dict.fromkeys(sorted(held), f"{100 / len(held):.6f}"))

    def stocks(self) -> set[str]:
        held = [members or {"QQY"} for members in self.funds.values()]
        return {*(self.issuer or {"QQZ"}), *held[0], *held[1]}

    def sector(self, symbol: str) -> tuple[str, str]:
        """The source that wins, and the sector."""
        spdr = self.funds["XLE"] or {"QQY"}
        named = [
            ("override", self.overrides), ("sector_etf", dict.fromkeys(spdr, "energy")), ("issuer_file", self.issuer),
            ("classification", self.classification), ("symbol_rule", {"AAPL": "information_technology"}),
        ]  # fmt: skip
        found = ((source, says[symbol]) for source, says in named if symbol in says)
        return next(found, ("unclassified", "unknown"))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=3, max_size=12))
def test_any_sequence_of_evidence_hands_and_runs_is_as_the_model_has_it(
    database: Database, folder: Path, load_etfs: Load, witness: Connection, steps: list[tuple[object, ...]]
) -> None:
    environment, world = uuid4().hex[:10], World(folder)
    query(witness, "SELECT set_config('tickstock.environment', %s, false)", environment)

    def found() -> list[tuple[object, ...]]:
        return query(witness, "SELECT symbol, source, sector, reason, conflicts FROM stock_sectors ORDER BY 1, 3")

    def run(builds: bool, mode: str, keep_manual: bool) -> None:
        world.write()
        load_etfs(force=True, environment=environment)
        classify = method(database, folder, builds)
        options = {"mode": mode, "environment": environment, "keep_manual": keep_manual}
        before = everything(witness)
        predicted = classify(**options, dry_run=True).plan
        assert everything(witness) == before
        plan = classify(**options).plan
        assert plan._replace(options=predicted.options, files=()) == predicted._replace(files=())
        after = found()
        classified = {symbol for symbol, _, sector, *_ in after if sector != "unknown"} & world.stocks()
        assert plan.coverage is not None
        assert (plan.coverage.stocks, plan.coverage.classified) == (len(world.stocks()), len(classified))
        again = classify(**options)
        assert (again.plan.empty, again.load_id, again.plan.coverage) == (True, None, plan.coverage)
        assert found() == after
        assert world.stocks() <= {str(symbol) for symbol, *_ in after}
        if mode == "full" and not keep_manual:
            assert [symbol for symbol, *_ in after] == sorted(world.stocks()), "each stock in one sector"
            if not builds:
                assert {row[0]: row[1:3] for row in after} == {of: world.sector(of) for of in world.stocks()}

    start, enrich = ("run", False, "full", False), ("run", False, "full", False)
    for step, *values in (start, *steps, enrich):
        if step == "run":
            run(*values)  # type: ignore[arg-type]
        elif step in world.funds:
            world.funds[str(step)] = set(values[0])  # type: ignore[call-overload]
        elif step in ("overrides", "issuer", "classification"):
            setattr(world, str(step), values[0])
        else:
            symbol, sector = values
            with witness.cursor() as cursor:
                try:
                    cursor.execute(
                        STATEMENTS[str(step)], {"symbol": symbol, "sector": sector, "environment": environment}
                    )
                except psycopg2.errors.UniqueViolation:
                    assert step == "move"  # from two sectors into one
    enriched = found()
    for builds in (True, False):
        for mode in ("full", "incremental"):
            run(builds, mode, False)
            assert found() == enriched, "what enrich found out stays, and neither undoes the other"
    assert query(witness, OPEN) == query(witness, CURRENT)
