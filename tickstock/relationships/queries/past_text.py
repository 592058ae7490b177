"""Answers about the past in words: today's lines, with the day, what they stand on, and what was not known then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tickstock.relationships.queries import fund_text, text
from tickstock.relationships.queries.names import ETF, SECTOR, THEME, UNIVERSE, Kind
from tickstock.relationships.queries.past_stock import LISTS, MEMBER
from tickstock.relationships.queries.states import KNOWN, NOT_KNOWN
from tickstock.terminal import aligned, printable

if TYPE_CHECKING:
    from tickstock.relationships.queries.holders import Holders
    from tickstock.relationships.queries.moment import Moment
    from tickstock.relationships.queries.past_group import PastGroup
    from tickstock.relationships.queries.past_stats import PastStats
    from tickstock.relationships.queries.past_stock import PastStock
    from tickstock.relationships.queries.standing import Snapshot
    from tickstock.relationships.queries.states import First, GroupState

LISTED = 5
_LINES: dict[Kind, Any] = {
    ETF: text.etf_lines,
    SECTOR: text.sector_lines,
    THEME: text.theme_lines,
    UNIVERSE: text.universe_lines,
}


def day(moment: Moment) -> str:
    """``On 2025-06-30``, or ``On 2025-06-30, as known on 2025-07-15``."""
    return f"On {moment.day}" + (f", as known on {moment.known_on}" if moment.known_on else "")


def group_lines(past: PastGroup, verbose: bool = False) -> Iterator[str]:
    """A group as today's question prints it, or why there is none."""
    if past.state:
        yield text.titled(past.kind.noun.capitalize() if past.kind is not ETF else "ETF", past.name, None)
        yield f"{day(past.moment)}: {absence(past.state)}"
        return
    assert past.snapshot is not None
    group: Any = past.group
    rows = "holdings" if past.kind is ETF else "members"
    named = [each._replace(symbol=_with_now(each.symbol, past.now)) for each in getattr(group, rows)]
    group = group._replace(**{rows: named})
    if past.kind is ETF:
        group = group._replace(file=None)
    stands = f"{day(past.moment)}: {_stands_on(past.snapshot)}"
    if past.by_hand:
        stands += f"; {text.counted(past.by_hand, 'row')} by hand"
    for line in _LINES[past.kind](group, verbose):
        if not line:
            yield stands
        yield line


def absence(state: GroupState) -> str:
    """Why there is no such group on a day."""
    if removal := state.removal:
        return f"removed on {removal.removed_on} by load {removal.load_id} ({removal.known_since:%Y-%m-%d})"
    assert state.first is not None
    return f"not known then; the first that is known of {printable(state.name)} is as of {_first(state.first)}"


def stock_lines(past: PastStock, verbose: bool = False) -> Iterator[str]:
    """A stock and its groups on a day, and the groups that were not known then."""
    stock = past.stock
    yield text.titled("Stock", stock.symbol, stock.name)
    yield from _name_lines(past)
    yield day(past.moment)
    yield f"Sector: {printable(', '.join(stock.sectors)) or 'not known then'}"
    yield f"Industry: {printable(stock.industry or ('Unknown' if stock.sectors else 'not known then'))}"
    if verbose and stock.sectors:
        yield from text.evidence_lines(stock.evidence)
    yield ""
    if past.status != MEMBER:
        yield from _outside_lines(past, verbose)
        return
    for kind, noun in LISTS.items():
        yield from _list_lines(past, kind, noun)
        yield from _known_lines(past.states, kind, verbose)


def stats_lines(past: PastStats, verbose: bool = False) -> Iterator[str]:
    """An environment in numbers on a day, and the groups that were not known then."""
    yield day(past.moment)
    yield from text.stats_lines(past.stats, verbose)
    yield ""
    for kind in LISTS:
        yield from _known_lines(past.states, kind, verbose)


def where_lines(past: PastStock, holders: Holders, verbose: bool = False) -> Iterator[str]:
    """The funds that held a symbol on a day, and the funds that were not known then."""
    yield day(past.moment)
    yield from _name_lines(past)
    yield from fund_text.where_lines(holders, verbose)
    yield from _known_lines(past.states, "ETF", verbose)


def on_day(moment: Moment, lines: Iterator[str]) -> Iterator[str]:
    """Lines of another answer, with the day before them."""
    yield day(moment)
    yield from lines


def _name_lines(past: PastStock) -> Iterator[str]:
    then = past.stock.symbol
    if past.now != then:
        renamed = f", renamed on {past.names[-1].since}"
        traded = past.asked != then
        yield printable(f"{past.now} traded as {then} then" if traded else f"{then} is {past.now} today{renamed}")
    if past.remark:
        yield printable(past.remark)


def _list_lines(past: PastStock, kind: str, noun: str) -> Iterator[str]:
    sources = [source for source in past.sources if source.type == kind]
    weights = [holder.weight for holder in past.stock.etfs] if kind == "ETF" else [None] * len(sources)
    if sources or kind == "ETF":
        yield f"Member of {text.counted(len(sources), noun)}{':' if sources else ''}"
    rows = [
        [
            source.group,
            "" if weight is None else f"{weight:f} %",
            _stands_on(source.snapshot) + (f" (as {source.symbol})" if source.symbol != past.stock.symbol else ""),
        ]
        for source, weight in zip(sources, weights, strict=True)
    ]
    yield from (f"  - {line}" for line in aligned(rows, right=[1])) if rows else ()


def _outside_lines(past: PastStock, verbose: bool) -> Iterator[str]:
    counts = {
        noun: sum(state.type == kind and state.status == KNOWN for state in past.states) for kind, noun in LISTS.items()
    }
    if past.status == NOT_KNOWN:
        yield "Not known then: no ETF, universe or theme is known of that day"
    else:
        known = _in_words([text.counted(count, noun) for noun, count in counts.items() if count])
        yield f"Not a member of the {known} known then"
        for kind in LISTS:
            if any(state.type == kind and state.status != KNOWN for state in past.states):
                yield from _known_lines(past.states, kind, verbose)
    if first := past.first:
        known_as = f" as {first.symbol}" if first.symbol != past.stock.symbol else ""
        until = f"; last left a group on {first.until}" if first.until else ""
        yield printable(f"First known{known_as} in {first.group} as of {_first(first.first)}{until}")


def _known_lines(states: Sequence[GroupState], kind: str, verbose: bool) -> Iterator[str]:
    of_kind = [state for state in states if state.type == kind]
    later = [state for state in of_kind if state.status == NOT_KNOWN]
    known = sum(state.status == KNOWN for state in of_kind)
    if not of_kind:
        return
    listed = later if verbose else later[:LISTED]
    names = [f"{printable(state.name)} from {state.first.as_of}" for state in listed if state.first]
    more = f" and {len(later) - len(names):,} more" if len(names) < len(later) else ""
    unknown = f", {len(later):,} not known then ({', '.join(names)}{more})" if later else ""
    yield f"{text.counted(known, LISTS[kind])} known then{unknown}"


def _stands_on(snapshot: Snapshot) -> str:
    since = f"known since {snapshot.known_since:%Y-%m-%d}, load {snapshot.load_id}"
    if snapshot.path is None:
        return f"last changed as of {snapshot.as_of}, {since}"
    undated = "" if snapshot.dated else ", without a date of its own"
    return f"as of {snapshot.as_of} ({_file_name(snapshot.path)}{undated}), {since}"


def _first(first: First) -> str:
    return f"{first.as_of}, known since {first.known_since:%Y-%m-%d} (load {first.load_id})"


def _with_now(symbol: str, now: dict[str, str]) -> str:
    return f"{symbol} ({now[symbol]} today)" if symbol in now else symbol


def _file_name(path: str) -> str:
    return printable(path.replace("\\", "/").rpartition("/")[2])


def _in_words(items: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
