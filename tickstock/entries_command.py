"""The migration of an old database's groups: one load a type, and what became of each entry in words."""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock import console, migrations
from tickstock.db import closing
from tickstock.historical import old_entries_text
from tickstock.historical.entries_load import MODE, EntriesLoad
from tickstock.historical.old_entries import TYPES, OldEntries, OldGroup, Registry, read_entries
from tickstock.load_command import settled, show_outcome
from tickstock.relationships import change, text
from tickstock.relationships.entering import read_entering
from tickstock.relationships.inputs import reserved
from tickstock.relationships.plan import Options, row_changes
from tickstock.sources.registry import read_fund_names, read_universe_registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tickstock.db import Connection, Database


class Coming(NamedTuple):
    """What the loads of a dry run before one would have stored: funds, and stocks that are in a sector by then."""

    funds: frozenset[str]
    stocks: set[str]


def execute(options: argparse.Namespace, database: Database, connection: Connection, folder: Path) -> dict[str, Any]:
    """Migrate the old entries, or with ``options.dry_run`` show what would be; give the JSON shape of it.

    The types are loads of their own, in an order in which each finds what it needs. ``folder`` has the names of
    the funds and the universes.

    Raises:
        TickstockError: see :func:`tickstock.relationships.change.carry_out`. What was committed before stays.
    """
    registry = Registry(
        read_universe_registry(reserved(folder, "universes.csv")), read_fund_names(reserved(folder, "funds.csv"))
    )
    entries = read_entries(connection, options.environment, registry)
    _check_force(options, entries)
    kept: list[OldGroup] = []
    loads: list[dict[str, Any]] = []
    coming = Coming(frozenset(group.target.name for group in entries.of("ETF")), set())
    for type_ in TYPES:
        if entries.of(type_):
            load, of_type = _load(options, database, entries.of(type_), coming)
            loads.append(load)
            kept += of_type
    if not (options.json or options.quiet):
        console.show("\n".join(old_entries_text.lines(entries, kept, options.verbose)))
        if not options.dry_run:
            changed = any(load["load_id"] for load in loads)
            console.show("the entries are as they were" if changed else f"nothing to do in {database.place}")
    result = {
        "environment": options.environment,
        "dry_run": options.dry_run,
        "loads": loads,
        **old_entries_text.as_json(entries, kept),
        "refusals": [line for each in loads for line in each["refusals"]],
    }
    if options.json:
        console.show(json.dumps(result, indent=2))
    return result


def _load(
    options: argparse.Namespace, database: Database, groups: Sequence[OldGroup], coming: Coming
) -> tuple[dict[str, Any], tuple[OldGroup, ...]]:
    started = time.monotonic()
    names = {group.target.name.casefold() for group in groups}
    how = Options(
        type=groups[0].target.type,
        environment=options.environment,
        mode=MODE,
        dry_run=options.dry_run,
        force=options.force == [] or frozenset(map(str.casefold, options.force or ())) & names or False,
    )
    # A plan's temporary tables live as long as its connection.
    with closing(migrations.connect(database)) as connection, console.progress_bar(options) as progress:
        load = EntriesLoad(groups, how, progress, coming.funds)
        outcome = change.carry_out(database, connection, load, progress)
        if options.dry_run:
            with connection.cursor() as cursor:
                entering = {*read_entering(cursor, how)} - coming.funds - coming.stocks
            coming.stocks.update(entering)
            outcome = outcome._replace(entered=len(entering))
        outcome = settled(options, database, outcome)
        if outcome.plan.groups:
            show_outcome(options, outcome, connection, f"{database.place} ({time.monotonic() - started:.1f} s)")
        listed = options.verbose and not connection.closed
        return text.as_json(outcome, row_changes(connection) if listed else None), load.kept


def _check_force(options: argparse.Namespace, entries: OldEntries) -> None:
    known = {group.target.name.casefold() for group in entries.groups}
    unknown = [name for name in options.force or () if name.casefold() not in known]
    if unknown:
        console.say(options, f"warning: --force names no group of the old entries: {', '.join(unknown)}")
