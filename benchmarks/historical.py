"""Organising cache entries, and reading them: a desk's 5,000 symbols and 24 funds, and market scale."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import inputs
from benchmarks.databases import MIGRATED, Databases
from benchmarks.loading import load
from benchmarks.measure import BenchmarkError, Figure, Run, Samples, run
from tickstock.settings import REPOSITORY

HERE = Path(__file__).parent
SCRIPTS = REPOSITORY / "scripts"
SEED, MARKET = "organise, 5,000 symbols", "organise, market scale"
SYMBOLS = 5_000
LIMITS = {SEED: 2, MARKET: 6}
ADDED, SAME, CHANGED = "all added", "nothing changed", "every capitalisation changed"
THEMES = 20
STORED = 37 + 2 * THEMES

# Capitalisations from 20 million to 3,000 billion dollars, the same in every run; each fund's name tells its kind.
FILL = """
    INSERT INTO symbols (symbol, type, name, exchange, market_cap, sector, industry)
    SELECT symbol, 'CS', 'Company ' || symbol, 'XNAS',
           round((20000000 * exp(number * 7919 % 10007 / 10007.0 * ln(150000)))::numeric, 2),
           (ARRAY['information_technology', 'health_care', 'financials', 'consumer_discretionary',
                  'communication_services', 'industrials', 'consumer_staples', 'energy', 'utilities', 'real_estate',
                  'materials'])[1 + number % 11],
           (ARRAY['Banks', 'Insurance', 'Software', 'Specialty Retail', 'Machinery', 'Chemicals'])[1 + number % 6]
      FROM unnest('{{{symbols}}}'::text[]) WITH ORDINALITY listed (symbol, number);
    INSERT INTO symbols (symbol, type, etf_type, issuer, name, aum)
    SELECT name, 'ETF', kinds[1 + id % 6], 'Vanguard', names[1 + id % 6] || ' ' || name, id::numeric * 1000000
      FROM definition_groups,
           (VALUES (ARRAY['growth', 'broad_market', 'sector', 'bond', 'commodity', 'value'],
                    ARRAY['Vanguard Growth ETF', 'iShares Core S&P 500 ETF', 'Technology Select Sector SPDR Fund',
                          'iShares Core U.S. Aggregate Bond ETF', 'SPDR Gold Shares', 'Vanguard Value ETF']))
           told (kinds, names)
     WHERE type = 'ETF';
    INSERT INTO definition_groups (type, name)
    SELECT 'THEME', 'theme_' || number FROM generate_series(1, {themes}) number;
    INSERT INTO group_memberships (group_id, symbol)
    SELECT g.id, m.symbol
      FROM definition_groups g,
           LATERAL (SELECT symbol FROM symbols WHERE type = 'CS' ORDER BY md5(symbol || g.name) LIMIT 30) m
     WHERE g.type = 'THEME'"""
MOVE = "UPDATE symbols SET market_cap = market_cap * 1.01 WHERE type = 'CS'"


def measure(
    databases: Databases,
    folder: Path,
    repeat: int,
    say: Callable[[str], None],
    sizes: tuple[Sequence[int], Sequence[int]] = (inputs.SEED_SIZES, inputs.MARKET_SIZES),
) -> tuple[list[Figure], Samples]:
    """Measure in ``folder``, which has to exist."""
    samples = Samples()
    figures: list[Figure] = []
    for name, of_sizes, count in ((SEED, sizes[0], SYMBOLS), (MARKET, sizes[1], inputs.MARKET_SYMBOLS)):
        work = folder / str(count)
        work.mkdir()
        say(name)
        database = _filled(databases, work, of_sizes, inputs.symbols(count))
        for _ in range(repeat):
            _organized(databases, database, samples, name)
        figures += _figures(databases, database, samples, name, work)
        databases.drop(database)
    return figures, samples


def _filled(databases: Databases, folder: Path, sizes: Sequence[int], symbols: Sequence[str]) -> str:
    database = databases.fresh(MIGRATED)
    load(databases, database, inputs.write_folder(inputs.funds(sizes, tuple(symbols)), folder / "funds"))
    databases.execute(database, FILL.format(symbols=",".join(symbols), themes=THEMES))
    databases.settle(database)
    return database


def _organized(databases: Databases, database: str, samples: Samples, name: str) -> None:
    databases.execute(database, "DELETE FROM cache_entries")
    databases.settle(database)
    for what, prepare, changed in ((ADDED, None, STORED), (SAME, None, 1), (CHANGED, MOVE, None)):
        if prepare:
            databases.execute(database, prepare)
            databases.settle(database)
        (before,) = databases.execute(database, "SELECT now()")
        samples.add(f"{name}: {what}", _script(databases, database, "maintenance/run_cache_synchronization"))
        databases.expect(database, "SELECT count(*) FROM cache_entries", (STORED,))
        if changed is not None:
            databases.expect(database, f"SELECT count(*) FROM cache_entries WHERE updated_at > '{before}'", (changed,))
    samples.add(f"{name}: analysis", _script(databases, database, "dev_tools/maint_read_stock_cache_entries"))


def _script(databases: Databases, database: str, program: str) -> Run:
    return run([sys.executable, SCRIPTS / f"{program}.py", "--quiet"], {"DATABASE_URI": databases.uri(database)})


def _figures(databases: Databases, database: str, samples: Samples, name: str, folder: Path) -> Iterator[Figure]:
    result = folder / "entries.json"
    command: list[str | Path] = [sys.executable, HERE / "with_entries.py", databases.uri(database), result]
    samples.add(f"{name}: reading", run(command, {"PYTHONPATH": str(REPOSITORY)}))
    found = json.loads(result.read_text())
    if len(found["entries"]) != STORED:
        raise BenchmarkError(f"{name}: {len(found['entries'])} entries were read, expected {STORED}")
    slowest = max(found["entries"], key=lambda entry: statistics.median(entry["ms"]))
    for what in (ADDED, SAME, CHANGED):
        yield Figure(f"{name}: {what}", LIMITS[name], samples.seconds(f"{name}: {what}"), "s")
    yield Figure(f"{name}: the slowest entry to read ({slowest['key']})", 5, statistics.median(slowest["ms"]), "ms")
    yield Figure(f"{name}: reading all at the start of an application", 50, statistics.median(found["load"]), "ms")
    yield Figure(f"{name}: analysis", 1, samples.seconds(f"{name}: analysis"), "s")
