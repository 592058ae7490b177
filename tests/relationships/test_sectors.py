"""Each stock in one sector, by the best evidence there is; and what is found out is not taken away again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files import write_fund
from tests.relationships.conftest import Load, UndoRun
from tests.stored import everything, query
from tickstock.db import Connection, Database, closing
from tickstock.errors import BadInputError, RefusedError
from tickstock.relationships.evidence import EvidenceFiles, sector_method_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import SECTOR_SOURCES, Options, Outcome

Classify = Callable[..., Outcome]
ALL = "SELECT symbol, sector, name, industry, source, confidence, reason, conflicts FROM stock_sectors ORDER BY 1, 2"
ETF_SECTORS = {
    "XLK": "information_technology", "XLF": "financials", "XLV": "health_care", "XLE": "energy", "XLI": "industrials",
    "XLY": "consumer_discretionary", "XLP": "consumer_staples", "XLU": "utilities", "XLB": "materials",
    "XLRE": "real_estate", "XLC": "communication_services",
}  # fmt: skip


@pytest.fixture
def enrich(database: Database, folder: Path) -> Classify:
    return method(database, folder, build=False)


@pytest.fixture
def build(database: Database, folder: Path) -> Classify:
    return method(database, folder, build=True)


def method(database: Database, folder: Path, build: bool) -> Classify:
    def run(**options: object) -> Outcome:
        with closing(database.connect()) as connection:
            inputs = sector_method_inputs(connection, EvidenceFiles(folder), build)
            return load(database, connection, inputs, Options("SECTOR", **options))  # type: ignore[arg-type]

    return run


@pytest.fixture(autouse=True)
def own_files(folder: Path) -> None:
    """Without files of its own the folder would be given those that come with the suite."""
    write(folder, "stock_classification", [])
    write(folder, "sector_overrides", [])


def write(folder: Path, name: str, lines: list[str]) -> None:
    (folder / f"{name}.csv").write_text("\n".join(["symbol,sector,industry,name", *lines, ""]), encoding="utf-8")


def sectors(connection: Connection) -> dict[str, str]:
    rows = query(connection, "SELECT symbol, sector FROM stock_sectors ORDER BY 1")
    assert len(dict(rows)) == len(rows), "a stock is in two sectors"
    return dict(rows)


@pytest.mark.parametrize(("etf", "sector"), ETF_SECTORS.items())
def test_each_sector_spdr_stands_for_its_sector(
    load_etfs: Load, enrich: Classify, folder: Path, witness: Connection, etf: str, sector: str
) -> None:
    write_fund(folder, etf, {"QQA": "60", "QQB": "40"})
    load_etfs()
    enrich()
    assert sectors(witness) == {"QQA": sector, "QQB": sector}


def test_the_best_evidence_wins_and_the_row_says_what_spoke_against_it(
    load_etfs: Load, enrich: Classify, folder: Path, witness: Connection
) -> None:
    write_fund(folder, "SPY", dict.fromkeys(["AAPL", "QQA", "QQB", "QQC", "QQD", "QQE"], "16"))
    write_fund(folder, "XLE", {"QQA": "50", "QQB": "50"})
    (folder / "own_holdings.csv").write_text(
        "symbol,weight,sector,name\nQQA,34,Utilities,\nQQB,33,Energy,BEE INC\nQQC,33,Communication,SEA INC\n"
    )
    write(folder, "stock_classification", [
        "QQA,Materials,Chemicals,Aye Inc.", "QQB,Energy,Energy Equipment & Services,Bee Inc.",
        "QQC,Technology,Software,", "QQD,Consumer Cyclical,,Dee Inc.", "QQE,,,Eee Inc.", "NOBODY,Energy,,",
    ])  # fmt: skip
    write(folder, "sector_overrides", ["QQA,real estate,Office REITs,"])
    load_etfs()
    enrich()
    assert query(witness, ALL) == [
        ("AAPL", "information_technology", None, "Technology Hardware, Storage & Peripherals", "symbol_rule", "low",
         "symbol rule", []),
        ("QQA", "real_estate", "Aye Inc.", "Office REITs", "override", "certain", "listed in sector_overrides.csv", [
            {"sector": "energy", "source": "sector_etf", "origin": "XLE"},
            {"sector": "utilities", "source": "issuer_file", "origin": "own_holdings.csv"},
            {"sector": "materials", "source": "classification", "origin": "stock_classification.csv"},
        ]),
        ("QQB", "energy", "Bee Inc.", "Energy Equipment & Services", "sector_etf", "high", "held by XLE", []),
        ("QQC", "communication_services", "SEA INC", None, "issuer_file", "high", "sector column of own_holdings.csv", [
            {"sector": "information_technology", "source": "classification", "origin": "stock_classification.csv"},
        ]),
        ("QQD", "consumer_discretionary", "Dee Inc.", None, "classification", "medium",
         "listed in stock_classification.csv", []),
        ("QQE", "unknown", "Eee Inc.", "Unknown", "unclassified", "none",
         "listed without a sector in stock_classification.csv", []),
    ]  # fmt: skip


def test_an_issuers_own_file_gives_sectors_and_names(
    load_etfs: Load, enrich: Classify, folder: Path, witness: Connection
) -> None:
    imitation = Path(__file__).parents[1] / "data" / "sources" / "ishares_ivv.csv"
    (folder / "IVV_holdings.csv").write_bytes(imitation.read_bytes())
    load_etfs(force=True)
    enrich()
    found = query(witness, "SELECT symbol, sector, name, reason FROM stock_sectors WHERE symbol IN ('NVDA', 'LUMN')")
    assert sorted(found) == [
        ("LUMN", "communication_services", "LUMEN TECHNOLOGIES INC", "sector column of IVV_holdings.csv"),
        ("NVDA", "information_technology", "NVIDIA CORP", "sector column of IVV_holdings.csv"),
    ]


def dated(folder: Path, etf: str, day: str, weights: Mapping[str, str]) -> None:
    """A fund's file with a date inside, as ARK writes it."""
    lines = [f'{day},{etf},NAME,{symbol},1,1,"$1",{weight}%' for symbol, weight in weights.items()]
    head = "date,fund,company,ticker,cusip,shares,market value ($),weight (%)"
    (folder / f"{etf.lower()}_holdings.csv").write_text("\n".join([head, *lines, ""]))


def test_of_two_sector_spdrs_the_newer_file_wins_and_then_the_heavier_weight(
    load_etfs: Load, enrich: Classify, folder: Path, witness: Connection
) -> None:
    dated(folder, "XLK", "11/14/2025", {"QQA": "1", "QQB": "99"})
    dated(folder, "XLC", "11/07/2025", {"QQA": "99", "QQC": "1"})
    dated(folder, "XLY", "11/14/2025", {"QQB": "1", "QQC": "99"})
    load_etfs()
    outcome = enrich()
    assert sectors(witness) == {"QQA": "information_technology", "QQB": "information_technology",
                                "QQC": "consumer_discretionary"}  # fmt: skip
    assert outcome.plan.warnings == (
        "QQA: information_technology (held by XLK), not communication_services (XLC)",
        "QQB: information_technology (held by XLK), not consumer_discretionary (XLY)",
        "QQC: consumer_discretionary (held by XLY), not communication_services (XLC)",
    )
    assert query(witness, "SELECT DISTINCT confidence FROM stock_sectors") == [("medium",)]


def test_a_persons_name_for_a_stock_comes_before_a_vendors(
    mixed: None, database: Database, folder: Path, witness: Connection
) -> None:
    write(folder, "zz", ["QQC,Energy,,Mine"])
    write(folder, "stock_classification", ["QQC,Technology,Software,Theirs"])
    with closing(database.connect()) as connection:
        inputs = sector_method_inputs(connection, EvidenceFiles(folder, overrides=folder / "zz.csv"), False)
        load(database, connection, inputs, Options("SECTOR"))
    assert query(witness, "SELECT name FROM stock_sectors WHERE symbol = 'QQC'") == [("Mine",)]


def test_a_stock_that_leaves_everything_leaves_its_sector(
    load_etfs: Load, enrich: Classify, folder: Path, witness: Connection
) -> None:
    many = [f"QQ{letter}" for letter in "ABCDEFGHIJ"]
    write(folder, "stock_classification", [f"{symbol},Energy,," for symbol in many])
    write_fund(folder, "SPY", dict.fromkeys(many, "10"))
    load_etfs()
    enrich()
    write_fund(folder, "SPY", {"QQA": "50", "QQB": "50"})
    load_etfs(force=True)
    assert len(sectors(witness)) == 10
    enrich()
    assert sectors(witness) == {"QQA": "energy", "QQB": "energy"}


def test_evidence_that_is_cut_off_is_refused(
    load_etfs: Load, enrich: Classify, folder: Path, witness: Connection
) -> None:
    many = [f"QQ{letter}" for letter in "ABCDEFGHIJ"]
    write(folder, "stock_classification", [f"{symbol},Energy,," for symbol in many])
    write_fund(folder, "SPY", dict.fromkeys(many, "10"))
    load_etfs()
    enrich()
    write(folder, "stock_classification", ["QQA,Energy,,"])
    found = "energy: 9 of 10 stocks would become unknown (90%; more than 20% looks like a classification"
    with pytest.raises(RefusedError, match=re.escape(found)):
        enrich()
    assert set(sectors(witness).values()) == {"energy"}
    assert enrich(force=True).plan.overridden
    assert list(sectors(witness).values()).count("unknown") == 9


def test_another_classification_than_the_last_and_overrides_of_no_stock_are_warned_of(
    mixed: None, database: Database, enrich: Classify, folder: Path, tmp_path: Path
) -> None:
    enrich()
    write(folder, "sector_overrides", ["QQA,Utilities,,", "APPL,Energy,,"])
    assert enrich(mode="incremental").plan.warnings == ("overrides for what is no stock here: APPL",)
    write(tmp_path, "other", ["QQC,Technology,,"])
    inputs = [EvidenceFiles(folder, classification=tmp_path / "other.csv")] * 2
    warnings = []
    for files in inputs:
        with closing(database.connect()) as connection:
            found = sector_method_inputs(connection, files, False)
            warnings.append(load(database, connection, found, Options("SECTOR")).plan.warnings[1:])
    usual = folder / "stock_classification.csv"
    assert warnings == [
        (f"the last run classified from {usual}, this one does from {tmp_path / 'other.csv'} (--classification)",), ()
    ]


# --- build and enrich beside each other


@pytest.fixture
def mixed(load_etfs: Load, folder: Path) -> None:
    """A stock for each kind of evidence, and one for none."""
    write_fund(folder, "SPY", dict.fromkeys(["AAPL", "QQA", "QQB", "QQC", "QQD"], "20"))
    write_fund(folder, "XLE", {"QQA": "50", "QQB": "50"})
    write(folder, "stock_classification", ["QQA,Materials,,", "QQC,Technology,Software,", "AAPL,Energy,,"])
    write(folder, "sector_overrides", ["QQA,Utilities,,"])
    load_etfs()


BUILT = {"AAPL": "information_technology", "QQA": "utilities", "QQB": "unknown", "QQC": "unknown", "QQD": "unknown"}
ENRICHED = {**BUILT, "AAPL": "energy", "QQB": "energy", "QQC": "information_technology"}


def test_build_knows_overrides_and_rules(mixed: None, build: Classify, witness: Connection) -> None:
    build()
    assert sectors(witness) == BUILT


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_their_order_does_not_matter(
    mixed: None, build: Classify, enrich: Classify, witness: Connection, mode: str
) -> None:
    enrich(mode=mode)
    first = query(witness, ALL)
    assert sectors(witness) == ENRICHED
    assert build(mode=mode).plan.empty
    assert query(witness, ALL) == first
    assert enrich(mode=mode).plan.empty
    query(witness, "UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups WHERE name = 'unknown'),"
                   " metadata = '{\"source\": \"unclassified\"}' WHERE weight IS NULL")  # fmt: skip
    build()
    assert sectors(witness) == ENRICHED, "what a load found out is put back, not lost, by either"


def test_enrich_after_build_is_as_enrich_alone(
    mixed: None, build: Classify, enrich: Classify, witness: Connection
) -> None:
    build()
    enrich()
    after_build = query(witness, ALL)
    query(witness, "TRUNCATE load_files; DELETE FROM group_memberships WHERE weight IS NULL")
    enrich()
    assert query(witness, ALL) == after_build


def test_an_override_applies_with_build_alone(
    mixed: None, build: Classify, enrich: Classify, folder: Path, witness: Connection
) -> None:
    enrich()
    write(folder, "sector_overrides", ["QQB,Financials,Banks,"])
    build()
    assert sectors(witness)["QQB"] == "financials"
    assert sectors(witness)["QQC"] == "information_technology"


def test_without_the_file_an_override_stays_and_without_its_line_it_goes(
    mixed: None, enrich: Classify, folder: Path, witness: Connection
) -> None:
    enrich()
    (folder / "sector_overrides.csv").unlink()
    enrich()
    assert sectors(witness)["QQA"] == "utilities"
    write(folder, "sector_overrides", [])
    enrich()
    assert sectors(witness)["QQA"] == "energy"


def test_an_override_that_was_taken_out_does_not_come_back_with_its_file_gone(
    mixed: None, enrich: Classify, folder: Path, witness: Connection
) -> None:
    """A hand closed the override's row in the record; it is no more what the last load left."""
    enrich()
    query(witness, HAND["moved"].replace("QQB", "QQA"))
    write(folder, "sector_overrides", [])
    enrich()
    (folder / "sector_overrides.csv").unlink()
    for _ in range(2):
        assert sectors(witness)["QQA"] == "energy"
        enrich()


def test_build_leaves_a_row_that_a_hand_moved_to_where_enrich_has_found_it_since(
    mixed: None, build: Classify, enrich: Classify, folder: Path, witness: Connection
) -> None:
    """The load had nothing to write there: in the record the row is the hand's."""
    enrich()
    query(witness, HAND["moved"].replace("QQB", "QQC"))
    write(folder, "stock_classification", ["QQC,Financials,Software,"])
    enrich()
    before = query(witness, ALL)
    assert ("QQC", "financials") in [row[:2] for row in before]
    assert build().plan.empty
    query(witness, HAND["moved"].replace("QQB", "QQC").replace("financials", "utilities"))
    build()
    assert query(witness, ALL) == before


def test_build_puts_back_what_enrich_found_before_a_hands_row_was_kept(
    mixed: None, build: Classify, enrich: Classify, witness: Connection
) -> None:
    enrich()
    before = query(witness, ALL)
    query(witness, HAND["moved"].replace("QQB", "QQC"))
    assert enrich(mode="incremental").plan.total("kept") == 1
    build()
    assert query(witness, ALL) == before


@pytest.mark.parametrize("moved", [False, True])
def test_what_was_undone_does_not_come_back_with_build(
    mixed: None, load_etfs: Load, build: Classify, enrich: Classify, undo: UndoRun, folder: Path, witness: Connection,
    moved: bool,
) -> None:  # fmt: skip
    enrich()
    write_fund(folder, "VOO", {"QQX": "100"})
    load_etfs()
    before = sectors(witness)
    write(folder, "stock_classification", ["QQC,Financials,,", "QQX,Energy,,", "AAPL,Energy,,"])
    run = enrich()
    assert sectors(witness) == {**before, "QQC": "financials", "QQX": "energy"}
    if moved:
        query(witness, HAND["moved"].replace("QQB", "QQC").replace("financials", "utilities"))
    undo(run.load_id)
    build()
    assert sectors(witness) == before == {**ENRICHED, "QQX": "unknown"}


def test_an_override_may_say_unknown(mixed: None, enrich: Classify, folder: Path, witness: Connection) -> None:
    write(folder, "sector_overrides", ["QQB,unknown,,"])
    enrich()
    assert query(witness, "SELECT sector, source, conflicts FROM stock_sectors WHERE symbol = 'QQB'") == [
        ("unknown", "override", [{"sector": "energy", "source": "sector_etf", "origin": "XLE"}])
    ]


# --- modes, hands, and older databases


def test_a_second_run_writes_nothing_and_a_dry_run_predicts(
    mixed: None, enrich: Classify, witness: Connection
) -> None:
    before = everything(witness)
    predicted = enrich(dry_run=True).plan
    assert everything(witness) == before
    outcome = enrich()
    assert (outcome.plan.groups, outcome.plan.coverage) == (predicted.groups, predicted.coverage)
    assert outcome.plan.coverage is not None
    assert outcome.plan.coverage.sources == {"classification": 2, "override": 1, "sector_etf": 1, "unclassified": 1}
    for mode in ("full", "incremental"):
        again = enrich(mode=mode)
        assert (again.plan.empty, again.load_id) == (True, None)
        assert again.plan.coverage == outcome.plan.coverage


def test_incremental_takes_up_what_is_new(
    mixed: None, enrich: Classify, load_etfs: Load, folder: Path, witness: Connection
) -> None:
    enrich()
    write_fund(folder, "XLU", {"QQD": "50", "QQX": "50"})
    load_etfs()
    assert sectors(witness)["QQX"] == "unknown"
    plan = enrich(mode="incremental").plan
    assert (plan.total("added"), plan.total("changed"), plan.total("removed")) == (2, 0, 2)
    assert sectors(witness)["QQX"] == sectors(witness)["QQD"] == "utilities"


HAND = {
    "moved": "UPDATE group_memberships SET group_id = (SELECT id FROM definition_groups WHERE name = 'financials')"
    " WHERE symbol = 'QQB' AND weight IS NULL",
    "moved by delete and insert": "DELETE FROM group_memberships WHERE symbol = 'QQB' AND weight IS NULL;"
    " INSERT INTO group_memberships (group_id, symbol) SELECT id, 'QQB' FROM definition_groups"
    " WHERE name = 'financials'",
    "second row": "INSERT INTO group_memberships (group_id, symbol) SELECT id, 'QQB' FROM definition_groups"
    " WHERE name = 'financials'",
}


@pytest.mark.parametrize("statement", HAND.values(), ids=HAND)
def test_a_hands_sector_is_kept_by_incremental_and_put_back_by_full(
    mixed: None, enrich: Classify, build: Classify, witness: Connection, statement: str
) -> None:
    enrich()
    query(witness, statement)
    for again in (enrich, enrich, build):
        assert again(mode="incremental").plan.total("kept") >= 1
        assert sectors(witness) == {**ENRICHED, "QQB": "financials"}
    assert enrich(keep_manual=True).plan.total("kept") >= 1
    assert sectors(witness) == {**ENRICHED, "QQB": "financials"}
    assert enrich().plan.total("put_back") >= 1
    assert sectors(witness) == ENRICHED


@pytest.mark.parametrize(
    ("symbol", "into", "classified"),
    [("QQB", ["unknown"], 3), ("QQD", ["utilities"], 5), ("QQB", ["unknown", "utilities"], 4)],
)
@pytest.mark.parametrize("options", [{"mode": "incremental"}, {"keep_manual": True}], ids=["incremental", "keep"])
def test_a_stock_counts_where_a_hand_holds_it_and_not_where_it_gives_way(
    mixed: None, enrich: Classify, witness: Connection, options: dict[str, object], symbol: str, into: list[str],
    classified: int,
) -> None:  # fmt: skip
    """The first run finds it in another sector too, and takes the row away that no hand made."""
    enrich()
    query(witness, "INSERT INTO group_memberships (group_id, symbol) SELECT id, %s FROM definition_groups"
                   " WHERE type = 'SECTOR' AND name = ANY (%s)", symbol, into)  # fmt: skip
    coverages = [enrich(**options, dry_run=dry_run).plan.coverage for dry_run in (True, False, False)]
    assert [coverage and coverage.classified for coverage in coverages] == [classified] * 3
    stored = query(witness, "SELECT sector FROM stock_sectors WHERE symbol = %s ORDER BY 1", symbol)
    assert stored == [(sector,) for sector in into]


@pytest.mark.parametrize("first", ["enrich", "build"])
def test_the_industry_that_the_guide_sets_by_hand_is_kept_by_incremental(
    mixed: None, enrich: Classify, build: Classify, folder: Path, witness: Connection, first: str
) -> None:
    enrich()
    query(witness, """
        UPDATE group_memberships gm
        SET metadata = jsonb_set(gm.metadata, '{industry}', '"Banking"')
        FROM definition_groups dg
        WHERE gm.group_id = dg.id
          AND dg.name = 'energy' AND dg.type = 'SECTOR'
          AND gm.symbol IN ('QQB')""")
    industry = "SELECT industry FROM stock_sectors WHERE symbol = 'QQB'"
    for again in (build, enrich, enrich) if first == "build" else (enrich, build, enrich):
        assert again(mode="incremental").plan.total("kept") == 1
        assert query(witness, industry) == [("Banking",)]
    # Also when the evidence moves: the stock stays where the hand has it, and only there.
    write(folder, "sector_overrides", ["QQB,Utilities,,"])
    enrich(mode="incremental")
    assert sectors(witness)["QQB"] == "energy"
    write(folder, "sector_overrides", [])
    (build if first == "build" else enrich)()
    assert query(witness, industry) == [(None,)]


def test_other_keys_of_a_sector_row_survive(
    mixed: None, enrich: Classify, folder: Path, witness: Connection
) -> None:
    enrich()
    query(witness, """UPDATE group_memberships SET metadata = metadata || '{"note": "mine"}' WHERE weight IS NULL""")
    assert enrich(mode="incremental").plan.empty
    write(folder, "stock_classification", ["QQC,Technology,IT Services,"])
    assert enrich(mode="incremental").plan.total("changed") == 2
    note = "SELECT m.metadata ->> 'note', m.metadata ->> 'industry' FROM environment_memberships m" \
           " WHERE symbol = 'QQC' AND type = 'SECTOR'"  # fmt: skip
    assert query(witness, note) == [("mine", "IT Services")]


@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("builds", [True, False])
def test_a_stock_without_a_row_gets_one_in_every_mode(
    mixed: None, enrich: Classify, build: Classify, witness: Connection, mode: str, builds: bool
) -> None:
    """A hand assigns a stock by a row; to take its row away assigns it nowhere."""
    enrich()
    query(witness, "DELETE FROM group_memberships WHERE symbol = 'QQB' AND weight IS NULL")
    again = build if builds else enrich
    plan = again(mode=mode).plan
    assert (plan.total("added"), plan.total("put_back"), plan.total("kept")) == (1, 1, 0)
    assert sectors(witness) == ENRICHED
    assert again(mode=mode).load_id is None


def test_a_note_on_a_row_that_entered_does_not_keep_the_stock_unknown(
    mixed: None, enrich: Classify, witness: Connection
) -> None:
    query(witness, """UPDATE group_memberships SET metadata = metadata || '{"note": "mine"}' WHERE weight IS NULL""")
    enrich(mode="incremental")
    assert sectors(witness) == ENRICHED


@pytest.mark.parametrize("shape", ['"mine"', '["mine"]', "null", "5", '[{"source": "sector_etf"}]'])
@pytest.mark.parametrize("builds", [False, True], ids=["enrich", "build"])
def test_metadata_that_is_no_object_gives_way(
    mixed: None, database: Database, folder: Path, witness: Connection, shape: str, builds: bool
) -> None:
    """An application's json.dumps(None), say."""
    run = method(database, folder, builds)
    run()
    before = query(witness, ALL)
    query(witness, "UPDATE group_memberships SET metadata = %s WHERE weight IS NULL", shape)
    query(witness, "UPDATE definition_groups SET metadata = %s WHERE type = 'SECTOR'", shape)
    assert run(mode="incremental").plan.total("kept") == 5
    run()
    assert query(witness, ALL) == before
    assert run().plan.empty


def test_tables_of_an_application_are_left_alone(mixed: None, enrich: Classify, witness: Connection) -> None:
    names = ("evidence", "sector_symbols", "decided", "coming")
    for name in names:
        query(witness, f"CREATE TABLE public.{name} (of_my_own int)")
    enrich(dry_run=True)
    enrich()
    assert query(witness, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY (%s)",
                 list(names)) == [(4,)]  # fmt: skip


def test_sectors_of_an_older_database_give_way_to_evidence_and_stay_where_there_is_none(
    mixed: None, enrich: Classify, witness: Connection
) -> None:
    """Rows without a source that were there before the migration: the older suite's own work."""
    query(witness, "DELETE FROM group_memberships WHERE weight IS NULL")
    query(witness, """INSERT INTO group_memberships (group_id, symbol, metadata)
        SELECT id, unnest(ARRAY['QQB', 'QQD']), '{"industry": "Software"}' FROM definition_groups
         WHERE name = 'information_technology'""")
    query(witness, "UPDATE load_runs SET kind = 'adopted' WHERE id = (SELECT max(id) FROM load_runs)")
    enrich(mode="incremental")
    assert sectors(witness) == {**ENRICHED, "QQD": "information_technology"}
    enrich()
    assert sectors(witness) == ENRICHED


def test_a_sector_of_another_kind_is_left_to_the_other_script(
    mixed: None, enrich: Classify, witness: Connection
) -> None:
    query(witness, "INSERT INTO definition_groups (name, type) VALUES ('crypto', 'SECTOR')")
    query(witness, HAND["second row"].replace("financials", "crypto").replace("QQB", "QQD"))
    for _ in range(2):
        coverage = enrich().plan.coverage
        assert coverage is not None
        assert (coverage.stocks, coverage.classified) == (5, 5)
    assert query(witness, "SELECT count(*) FROM definition_groups WHERE type = 'SECTOR'") == [(13,)]
    assert query(witness, "SELECT count(*) FROM stock_sectors WHERE sector = 'crypto'") == [(1,)]


def test_a_stock_that_a_hand_puts_into_a_sector_of_another_kind_leaves_the_other(
    mixed: None, enrich: Classify, witness: Connection
) -> None:
    enrich()
    query(witness, "INSERT INTO definition_groups (name, type) VALUES ('crypto', 'SECTOR')")
    query(witness, HAND["second row"].replace("financials", "crypto"))
    for _ in range(2):
        coverage = enrich(mode="incremental").plan.coverage
        assert sectors(witness) == {**ENRICHED, "QQB": "crypto"}
        assert coverage is not None
        assert coverage.stocks == len(ENRICHED)


# --- input that is wrong


def test_an_unknown_sector_is_an_error_and_no_new_sector(
    mixed: None, enrich: Classify, folder: Path, witness: Connection
) -> None:
    write(folder, "stock_classification", ["QQA,Martian Mining,,", "QQB,Energy,,"])
    (folder / "own_holdings.csv").write_text("symbol,weight,sector\nQQC,100,Atlantis\n")
    before = everything(witness)
    with pytest.raises(BadInputError) as error:
        enrich()
    assert "own_holdings.csv:2: found the sector 'Atlantis' of QQC, expected one of the 11" in str(error.value)
    assert "stock_classification.csv:2: found the sector 'Martian Mining', expected one of the 11" in str(error.value)
    assert everything(witness) == before


def test_a_file_that_was_named_has_to_be_there(database: Database, folder: Path) -> None:
    with closing(database.connect()) as connection:
        for files in (
            EvidenceFiles(folder, classification=folder / "no.csv"), EvidenceFiles(folder, overrides=folder / "no.csv")
        ):
            with pytest.raises(BadInputError, match="no such file"):
                sector_method_inputs(connection, files, False)


def test_a_broken_fund_is_the_loaders_business(mixed: None, enrich: Classify, folder: Path) -> None:
    (folder / "own_holdings.csv").write_text("symbol,weight,sector\nQQC,much,Energy\n")
    (warning,) = enrich().plan.warnings
    assert warning.startswith("left out as a source of sectors: own_holdings.csv:2: found weight 'much'")


# --- any evidence, against a model in plain dictionaries

SYMBOLS = ("AAPL", "QQA", "QQB")
NAMES = {"Energy": "energy", "Technology": "information_technology", "Utilities": "utilities"}
SECTOR = st.sampled_from(list(NAMES))
LISTS = st.dictionaries(st.sampled_from(SYMBOLS), SECTOR)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(overrides=LISTS, issuer=LISTS, classification=LISTS, xle=st.sets(st.sampled_from(SYMBOLS)),
       runs=st.lists(st.tuples(st.booleans(), st.sampled_from(["full", "incremental"])), max_size=3))  # fmt: skip
def test_the_sector_is_that_of_the_first_source_that_names_one(
    database: Database, folder: Path, load_etfs: Load, witness: Connection, overrides: dict[str, str],
    issuer: dict[str, str], classification: dict[str, str], xle: set[str], runs: list[tuple[bool, str]],
) -> None:  # fmt: skip
    write(folder, "sector_overrides", [f"{symbol},{sector},," for symbol, sector in overrides.items()])
    write(folder, "stock_classification", [f"{symbol},{sector},," for symbol, sector in classification.items()])
    lines = [f"{symbol},{100 / len(issuer):.6f},{sector}" for symbol, sector in issuer.items()]
    (folder / "own_holdings.csv").write_text("\n".join(["symbol,weight,sector", *(lines or ["QQZ,100,Energy"]), ""]))
    write_fund(folder, "XLE", dict.fromkeys(xle or {"QQZ"}, f"{100 / max(len(xle), 1):.6f}"))
    write_fund(folder, "SPY", dict.fromkeys(SYMBOLS, "33.333333"))
    load_etfs(force=True)
    for builds, mode in (*runs, (False, "full")):
        method(database, folder, builds)(mode=mode)
    by_source = [
        {symbol: NAMES[name] for symbol, name in overrides.items()},
        dict.fromkeys(xle, "energy"),
        {symbol: NAMES[name] for symbol, name in issuer.items()},
        {symbol: NAMES[name] for symbol, name in classification.items()},
        {"AAPL": "information_technology"},
    ]
    found = query(witness, "SELECT symbol, sector, source, conflicts FROM stock_sectors WHERE symbol <> 'QQZ'")
    assert sorted(symbol for symbol, *_ in found) == sorted(SYMBOLS)
    for symbol, sector, source, conflicts in found:
        named = [(kind, says[symbol]) for kind, says in zip(SECTOR_SOURCES, by_source, strict=False) if symbol in says]
        assert (source, sector) == (named or [("unclassified", "unknown")])[0]
        against = [(kind, other) for kind, other in named if other != sector]
        assert [(conflict["source"], conflict["sector"]) for conflict in conflicts] == against
    assert json.loads(json.dumps(found))
