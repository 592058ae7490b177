"""Weekly loads of a desk's 24 funds over years, written into the database of one first load.

The weeks are statements of a load each, through the triggers that keep the record. A share of the weights moves, and
one member in a thousand is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import psycopg2

from benchmarks import inputs
from benchmarks.databases import MIGRATED, Databases
from benchmarks.loading import load
from benchmarks.reading import enrich, write_classification

FIRST_DAY = date(2020, 11, 20)
EVERYWHERE = "AAPL"  # in all funds of 30 members and more

_RUN = "INSERT INTO load_runs (kind, type, environment, mode) VALUES ('load', 'ETF', 'DEFAULT', 'full') RETURNING id"
_FILES = """
    INSERT INTO load_files (load_id, group_id, group_name, path, format, checksum, fingerprint, stored_fingerprint,
                            as_of, rows, members)
    SELECT %(run)s, group_id, group_name, path, format, md5(%(day)s || group_name), md5(%(day)s || path),
           md5(%(day)s || path), %(day)s, rows, members
      FROM load_files WHERE load_id = (SELECT min(load_id) FROM load_files) ORDER BY id"""
_REPLACE = """
    WITH gone AS (
        DELETE FROM group_memberships m USING definition_groups g
         WHERE g.id = m.group_id AND g.type = 'ETF' AND m.symbol <> %(everywhere)s AND random() < 0.001
        RETURNING m.group_id, m.weight, m.metadata)
    INSERT INTO group_memberships (group_id, symbol, weight, metadata)
    SELECT group_id, 'NEW' || %(run)s || '.' || row_number() OVER (), weight, metadata FROM gone"""
_MOVE = """
    UPDATE group_memberships m
       SET weight = m.weight + CASE WHEN m.weight > 50 THEN -1 ELSE 1 END * (1 + floor(random() * 5)) / 1000000
      FROM definition_groups g WHERE g.id = m.group_id AND g.type = 'ETF' AND random() < %(share)s"""
_DATE_RUNS = """
    UPDATE data_version d SET changed_at = f.as_of + interval '3 days 12 hours'
      FROM (SELECT load_id, min(as_of) AS as_of FROM load_files GROUP BY load_id) f WHERE f.load_id = d.load_id;
    UPDATE data_version SET changed_at = %(first)s::date + interval '3 days'
     WHERE changed_at > now() - interval '1 day';
    UPDATE load_runs r SET started_at = d.changed_at, committed_at = d.changed_at
      FROM data_version d WHERE d.load_id = r.id"""
_DATE_FIRST = """
    UPDATE load_files SET as_of = %(first)s;
    UPDATE membership_versions SET valid_from = %(first)s, valid_to = valid_to - valid_from + %(first)s::date"""


def first_load(databases: Databases, folder: Path, sizes: Sequence[int]) -> str:
    """A database with the first week, as of ``FIRST_DAY``, and every stock in a sector; give its name."""
    universe = inputs.symbols(inputs.SEED_SYMBOLS)
    files = inputs.write_folder(_funds(sizes, universe), folder / "funds")
    classification = write_classification((*universe, EVERYWHERE), folder)
    name = databases.fresh(MIGRATED)
    load(databases, name, files)
    enrich(databases, name, files, classification)
    with closing(psycopg2.connect(databases.uri(name))) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_DATE_FIRST, {"first": FIRST_DAY})
    databases.execute(name, "VACUUM (FULL, ANALYZE)")
    return name


def _funds(sizes: Sequence[int], universe: tuple[str, ...]) -> Iterator[inputs.Fund]:
    """The biggest is VTI, the first of the S&P 500's size SPY."""
    names = {max(sizes): "VTI", min(sizes, key=lambda size: abs(size - 504)): "SPY"}
    for fund in inputs.funds(sizes, universe):
        heaviest, *rest = fund.holdings
        held = [(EVERYWHERE, heaviest[1]), *rest] if len(fund.holdings) >= 30 else fund.holdings
        yield inputs.Fund(names.pop(len(fund.holdings), fund.name), tuple(held))


def write_weeks(databases: Databases, name: str, weeks: int, share: float) -> None:
    """Load that many weeks, in each of which ``share`` of the weights moves."""
    with closing(psycopg2.connect(databases.uri(name))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        for week in range(1, weeks + 1):
            cursor.execute(_RUN)
            ((run,),) = cursor.fetchall()
            values = {"run": run, "day": friday(week), "share": share, "everywhere": EVERYWHERE}
            for statement in (_FILES, _REPLACE, _MOVE):
                cursor.execute(statement, values)
            connection.commit()
            if week % 13 == 0:  # what autovacuum does in real time
                databases.execute(name, "VACUUM (ANALYZE)")
        cursor.execute(_DATE_RUNS, {"first": FIRST_DAY})
        connection.commit()


def friday(week: int) -> date:
    """The date of a week's files; they are loaded on the Monday after it."""
    return FIRST_DAY + timedelta(weeks=week)
