"""What holds for every row, whatever the last load left, the file says and is stored; and for every reading."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files import write_fund
from tests.relationships.conftest import Load
from tests.relationships.drift.made import FILE, Look, by_hand
from tests.stored import everything, query
from tickstock.checksum import fingerprint
from tickstock.db import Connection, Database, closing
from tickstock.relationships.drift import ABSENT, UNKNOWN, Accounts, Drift, Scope, State, drifted
from tickstock.relationships.drift_read import read_drift
from tickstock.relationships.inputs import etf_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options

MEMBERS = st.dictionaries(
    st.sampled_from(["AAPL", "BRK.B", "GOOG", "MSFT", "NA", "TSLA"]),
    st.one_of(st.none(), st.integers(0, 3).map(lambda n: Decimal(n) / 4)),
)


def model(base: dict[str, Any], file: dict[str, Any], stored: dict[str, Any]) -> dict[str, str]:
    """What changed, in plain dictionaries."""
    every = sorted({*base, *file, *stored})
    of_file = {s for s in every if file.get(s, "-") != base.get(s, "-")}
    of_database = {s for s in every if stored.get(s, "-") != base.get(s, "-")}
    words = {s: "both" if s in of_file & of_database else "file" if s in of_file else "database" for s in every}
    return {s: words[s] for s in every if s in of_file | of_database}


@given(base=MEMBERS, file=MEMBERS, stored=MEMBERS)
def test_every_row_is_told_as_a_model_of_five_lines_tells_it(
    base: dict[str, Any], file: dict[str, Any], stored: dict[str, Any]
) -> None:
    rows = list(drifted(Accounts(base, file, stored, changed=True, fingerprint=fingerprint(base.items()))))
    assert {row.symbol: row.changed for row in rows} == model(base, file, stored)
    for row in rows:
        accounts = ((base, row.base), (file, row.file), (stored, row.stored))
        assert all(state == (State(True, a[row.symbol]) if row.symbol in a else ABSENT) for a, state in accounts)
        assert row.same == (row.changed == "both" and row.file == row.stored)
    as_loaded = list(drifted(Accounts(base, None, stored)))
    assert [row.symbol for row in as_loaded] == [s for s, way in model(base, base, stored).items() if way]
    assert all(row.file == row.base for row in as_loaded)
    unknown = list(drifted(Accounts(base, None, stored, changed=None)))
    assert [row._replace(file=row.base) for row in unknown] == as_loaded
    assert {row.file for row in unknown} <= {UNKNOWN}


_FUNDS = (f"T{number}" for number in count(1))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(base=MEMBERS, file=MEMBERS, stored=MEMBERS)
def test_the_database_and_the_files_are_read_so_and_a_full_load_ends_it(
    database: Database, connection: Connection, witness: Connection, folder: Path,
    base: dict[str, Any], file: dict[str, Any], stored: dict[str, Any],
) -> None:  # fmt: skip
    fund = next(_FUNDS)
    rows: dict[str, str] = {}

    def full() -> None:
        with closing(database.connect()) as loader:
            load(database, loader, etf_inputs(folder, fund), Options("ETF", only=fund, force=True))

    def now() -> Drift:
        rows.clear()
        return read_drift(
            connection, Scope("DEFAULT", fund), lambda c: rows.update({row.symbol: row.changed for row in c.rows})
        )

    write_fund(folder, fund, quarters(base))
    full()
    by_hand(witness, fund, **dict.fromkeys(base.keys() - stored.keys()))
    query(witness, "INSERT INTO group_memberships (group_id, symbol, weight) SELECT id, symbol, weight FROM"
                   " definition_groups, unnest(%s::text[], %s::numeric[]) AS r (symbol, weight) WHERE name = %s"
                   " ON CONFLICT (group_id, symbol) DO UPDATE SET weight = EXCLUDED.weight",
          list(stored), list(quarters(stored).values()), fund)  # fmt: skip
    write_fund(folder, fund, quarters(file))
    found = now()
    assert rows == model(quarters(base), quarters(file), quarters(stored))
    assert found.database_changed == (base != stored)
    full()
    assert (now().groups, found.origin.paths["ETF"].parent) == ((), folder)


def quarters(members: dict[str, Any]) -> dict[str, Any]:
    """Weights that sum to more than 1.2 are no fractions: 25 and more for each quarter."""
    return {symbol: weight if weight is None else weight * 100 for symbol, weight in members.items()}


def test_nothing_is_written_and_a_read_only_role_is_enough(
    load_etfs: Load, folder: Path, witness: Connection, connection: Connection, drift: Look
) -> None:
    write_fund(folder, "SPY", FILE)
    load_etfs()
    by_hand(witness, "SPY", AAPL=33, ZM=1)
    load_etfs(mode="incremental")
    write_fund(folder, "SPY", {**FILE, "MSFT": 26})
    before = everything(witness)
    query(connection, "SET ROLE app_readonly; SET default_transaction_read_only = on")
    _, rows = drift()
    assert rows["SPY"] == ["AAPL database: 33 40 33 kept", "MSFT file: 25 26 25", "ZM database: 1 - 1 kept"]
    assert drift(folder=folder)[1] == rows
    assert everything(witness) == before


def test_the_connection_is_left_as_it_was(load_etfs: Load, folder: Path, connection: Connection, drift: Look) -> None:
    query(connection, "SET tickstock.environment = 'MINE'; SET idle_in_transaction_session_timeout = '7s'")
    drift()
    names = ("tickstock.environment", "enable_nestloop", "idle_in_transaction_session_timeout")
    assert [query(connection, f"SHOW {name}")[0][0] for name in names] == ["MINE", "on", "7s"]
