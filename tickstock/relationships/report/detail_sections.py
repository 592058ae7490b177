"""The sections that ``--detail`` adds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from tickstock.relationships.report.model import Collection, Detail, Etf, LastLoad, Overlap
from tickstock.relationships.report.tables import Cell, Section, Table

LIMIT = 40
CONCENTRATION = (
    "A member's share is its weight by the sum of the fund's weights; members without a weight have none. "
    "Top 10: the ten largest shares, in percent. Herfindahl index: the sum of the squared shares, 1 for a fund of "
    "a single stock. Effective: 1 / Herfindahl, so many stocks of equal weight would be as concentrated."
)

Item = TypeVar("Item")


def sections(detail: Detail, limit: int | None) -> list[Section]:
    """The sections in the order of the page."""
    return [
        _etfs(detail.etfs, limit),
        _top_holdings(detail.etfs, limit),
        _overlap(detail.overlap),
        _collections("universes", "Universes", detail.collections, limit),
        _collections("themes", "Themes", detail.collections, limit),
        _freshness(detail, limit),
        _conflicts(detail, limit),
        _runs(detail),
        _last_loads(detail.last_loads),
    ]


def matrix(overlap: Sequence[Overlap], value: str) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """The names of the funds that have ``value`` (``stocks`` or ``weight``), and a row for each with it by fund."""
    names = tuple(pair.etf for pair in overlap if pair.etf == pair.other and getattr(pair, value) is not None)
    cells = {(pair.etf, pair.other): getattr(pair, value) for pair in overlap}
    rows = [tuple(cells.get((one, other), cells.get((other, one))) for other in names) for one in names]
    return names, rows


def rounded(number: Decimal | None, decimals: int) -> Decimal | None:
    """A number as a cell, with so many decimals."""
    return None if number is None else round(number, decimals)


def _cut(items: Sequence[Item], limit: int | None, which: str) -> tuple[Sequence[Item], str]:
    """The first items, and a sentence about the others where there are any."""
    if limit is None or len(items) <= limit:
        return items, ""
    return items[:limit], f"The {limit} {which} of {len(items):,}; --verbose or --format json lists all."


def _sentences(*notes: str) -> str:
    return " ".join(note for note in notes if note)


def _etfs(etfs: Sequence[Etf], limit: int | None) -> Section:
    shown, cut = _cut(etfs, limit, "largest")
    rows: list[tuple[Cell, ...]] = [
        (
            etf.name, etf.members, etf.weighted, rounded(etf.weight, 2), etf.top_10_percent,
            rounded(etf.herfindahl, 4), etf.effective,
        )
        for etf in shown
    ]  # fmt: skip
    headings = ("ETF", "members", "weighted", "sum of weights", "top 10 %", "Herfindahl", "effective")
    return Section("etfs", "ETFs and their concentration", (Table("", headings, rows),), _sentences(cut, CONCENTRATION))


def _top_holdings(etfs: Sequence[Etf], limit: int | None) -> Section:
    shown, cut = _cut([etf for etf in etfs if etf.weighted], limit, "largest")
    others = [etf.name for etf in etfs if not etf.weighted]
    listed = f"{', '.join(others[:LIMIT])}{', …' if len(others) > LIMIT else ''}"
    without = f"Without weights, and so without a top 10: {listed}." if others else ""
    tables = tuple(
        Table(
            etf.name if etf.description in (None, "", etf.name) else f"{etf.name}: {etf.description}",
            ("symbol", "name", "sector", "weight %"),
            [(one.symbol, one.name, one.sector, rounded(one.weight, 4)) for one in etf.top_holdings],
            _about_holdings(etf),
        )
        for etf in shown
    )
    return Section("top_holdings", "Top 10 holdings", tables, _sentences(cut, without))


def _about_holdings(etf: Etf) -> str:
    return "" if etf.weighted == etf.members else f"{etf.weighted:,} of its {etf.members:,} members have a weight."


def _overlap(overlap: Sequence[Overlap]) -> Section:
    tables = [_matrix("Shared stocks", overlap, "stocks")] if overlap else []
    weights = _matrix("Shared weight, %", overlap, "weight")
    if len(weights.rows) > 1:
        note = "The sum, over the shared stocks, of the lesser weight. Funds without weights are left out."
        tables.append(weights._replace(note=note))
    note = (
        "Of the 12 funds with most members, each with each; with itself, its members and its sum of weights. "
        "The darker, the larger a share of the smaller fund (of 100 % of weight) the two have in common."
    )
    return Section("overlap", "Overlap between funds", tuple(tables), note)


def _matrix(title: str, overlap: Sequence[Overlap], value: str) -> Table:
    names, rows = matrix(overlap, value)
    cells = [
        (name, *(round(cell, 1) if isinstance(cell, Decimal) else cell for cell in row))
        for name, row in zip(names, rows, strict=True)
    ]
    return Table(title, ("", *names), cells)


def _collections(key: str, title: str, collections: Sequence[Collection], limit: int | None) -> Section:
    wanted = {"universes": "UNIVERSE", "themes": "THEME"}[key]
    shown, cut = _cut([one for one in collections if one.type == wanted], limit, "largest")
    rows = [(one.name, one.description, one.members, one.held, one.classified) for one in shown]
    headings = (title[:-1].lower(), "description", "members", "held by a fund", "with a sector")
    return Section(key, title, (Table("", headings, rows),), cut)


def _freshness(detail: Detail, limit: int | None) -> Section:
    shown, cut = _cut(detail.freshness, limit, "stalest")
    rows = [
        (one.type, one.name, one.as_of, one.days, one.loaded_at, one.path and re.split(r"[/\\]", one.path)[-1])
        for one in shown
    ]
    note = "As of: the day that the data describes, as its file says; days: since then."
    headings = ("type", "group", "as of", "days", "loaded at (UTC)", "file")
    return Section("freshness", "Freshness", (Table("", headings, rows),), _sentences(cut, note))


def _conflicts(detail: Detail, limit: int | None) -> Section:
    shown, cut = _cut(detail.conflicts, limit, "first")
    rows = [(one.symbol, one.name, one.sector, one.source, one.other_sector, one.other_source, one.origin)
            for one in shown]  # fmt: skip
    note = "Evidence that named another sector than the one the stock is in."
    headings = ("symbol", "name", "sector", "by", "against it", "by", "from")
    return Section("sector_conflicts", "Sector conflicts", (Table("", headings, rows),), _sentences(cut, note))


def _runs(detail: Detail) -> Section:
    rows = [
        (
            run.load_id, run.committed_at, run.who, run.program.removeprefix("tickstock "),
            run.type, run.mode or run.kind, run.added, run.changed, run.removed, run.put_back,
        )
        for run in detail.runs
    ]  # fmt: skip
    headings = (
        "load", "committed at (UTC)", "who", "program", "type", "mode", "added", "changed", "removed", "put back",
    )  # fmt: skip
    return Section("loads", "The last 10 loads", (Table("", headings, rows),), "manual: by a hand, not by a loader.")


def _last_loads(loads: Sequence[LastLoad]) -> Section:
    note = "Of each type, the last load that changed a membership. Of weights, the largest moves; of rows that came "
    note += "or went, the heaviest."
    tables = tuple(_last_load(load) for load in loads)
    return Section("last_changes", "What changed", tables, note)


def _last_load(load: LastLoad) -> Table:
    headings: tuple[str, ...] = ("what", "group", "symbol")
    rows: list[tuple[Cell, ...]] = [(row.action, row.group, row.symbol) for row in load.rows]
    weights = [(row.old_weight, row.new_weight, row.move) for row in load.rows]
    if any(weight is not None for row in weights for weight in row):
        headings += ("before %", "after %", "move")
        rows = [(*row, *(rounded(one, 4) for one in more)) for row, more in zip(rows, weights, strict=True)]
    counts = f"{load.added:,} added, {load.changed:,} changed, {load.removed:,} removed"
    left_out = load.added + load.changed + load.removed - len(load.rows)
    note = f"Load {load.load_id}: {counts}" + (f"; {left_out:,} of them are not listed." if left_out else ".")
    return Table(load.type, headings, rows, note)
