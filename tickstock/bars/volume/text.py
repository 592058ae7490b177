"""The study for a terminal: one ticker in detail, several as a ranked summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tickstock.bars.volume.scores import Score
from tickstock.bars.volume.study import Study
from tickstock.terminal import aligned, table

BAR = 10
DIVERGENCES = 4


def detail(one: Study, everything: bool = False) -> Iterator[str]:
    """One ticker: what it stands on, the latest values, both scores with their parts, the latest divergences (all of
    them if ``everything`` is wanted), and the remarks.
    """
    yield f"{one.ticker}: volume study, {one.bars.days[0]} to {one.bars.days[-1]}, {len(one.bars)} sessions"
    yield _basis(one)
    yield ""
    yield from aligned([(f"  {label}", value) for label, value in figures(one)])
    for score in (one.accumulation, one.distribution):
        yield ""
        yield from _score(score)
    yield ""
    yield from _divergences(one, None if everything else DIVERGENCES)
    if one.remarks:
        yield ""
        yield "Remarks"
        yield from (f"  - {_one_line(remark)}" for remark in one.remarks)


def summary(studies: Sequence[Study]) -> Iterator[str]:
    """Several tickers, a line each, in the order given, and what they stand on."""
    header = ("#", "ticker", "last day", "close", "change", "acc.", "dist.", "rel. vol.", "CMF", "MFI", "vs VWAP 20",
              "reading")  # fmt: skip
    rows = [(str(place), *_row(one)) for place, one in enumerate(studies, start=1)]
    yield from table(header, rows, right=(0, 3, 4, 5, 6, 7, 8, 9, 10))
    yield ""
    yield "acc.: accumulation, 0 to 10; dist.: distribution, 1 to 10; vs VWAP 20: close against the rolling 20-day VWAP"
    told = [(one.ticker, _basis(one)) for one in studies]
    told += [(one.ticker, remark) for one in studies for remark in one.remarks]
    yield from grouped(told, len(studies))


def grouped(told: Iterable[tuple[str, str]], of: int) -> Iterator[str]:
    """What is told of tickers, each once and in one line, after those of which it is true ("all": as many as ``of``).

    A ticker's own name within it is no difference.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for ticker, text in told:
        line = _one_line(text.removeprefix(f"{ticker}: "))
        itself = re.compile(rf"(?<![\w.]){re.escape(ticker)}(?![\w.]*\w)")
        found.setdefault(itself.sub("the ticker", line), []).append((ticker, line))
    for shared, same in found.items():
        tickers = "all" if len(same) == of > 1 else ", ".join(ticker for ticker, _ in same)
        yield f"{tickers}: {shared if len(same) > 1 else same[0][1]}"


def figures(one: Study) -> list[tuple[str, str]]:
    """The latest values, each with its label."""
    now = one.latest()
    rolling, anchored = one.vwap_kinds
    half = ", a half day" if one.bars.days[-1] in one.half_days else ""
    return [
        ("Close", f"{price(now['close'])} ({number(now['change_percent'], '+.2f')} %)"),
        (f"Volume, {one.bars.days[-1]}{half}", shares(now["volume"])),
        ("Average volume, 20 sessions", shares(now["average_volume"])),
        ("Relative volume, 20 sessions before", f"{number(now['relative_volume'], '.2f')} x"),
        (rolling, _against(now["rolling_vwap"], now["close"])),
        (anchored, _against(now["anchored_vwap"], now["close"])),
        ("Volume-weighted average close, 20", _against(now["vwma"], now["close"])),
        ("CMF, 20 sessions", number(now["cmf"], "+.3f")),
        ("MFI, 14 sessions", number(now["mfi"], ".1f")),
        ("OBV, and its 20-day average", f"{shares(now['obv'])}, {shares(now['obv_average'])}"),
        ("A/D line, and its 20-day average", f"{shares(now['ad'])}, {shares(now['ad_average'])}"),
        ("Point of control", price(now["point_of_control"])),
        ("Value area, 70 % of the volume", f"{price(now['value_area_low'])} to {price(now['value_area_high'])}"),
    ]


def shares(value: float | None) -> str:
    """A number of shares, short: 23.7M."""
    if value is None:
        return "-"
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= size:
            return f"{value / size:,.2f}{unit}"
    return f"{value:,.0f}"


def price(value: float | None) -> str:
    """A price with cents, or with more digits below a dollar."""
    return number(value, ",.2f" if value is None or value >= 1 else ".4f")


def number(value: float | None, form: str) -> str:
    """A number, or a dash where it is not known."""
    return "-" if value is None else format(value, form)


def headline(score: Score) -> str:
    """``Accumulation 6.4 of 10: moderate``, and how much of it is known unless all is."""
    known = "" if score.known > 0.999 else f" ({100 * score.known:.0f} % of the weight known)"
    return f"{score.name.capitalize()} {number(score.value, '.1f')} of 10: {score.word}{known}"


def _score(score: Score) -> Iterator[str]:
    scale = "starts at 1" if score.lowest else "starts at 0"
    yield f"{headline(score)} ({scale})"
    rows = []
    for part in score.components:
        filled = round(BAR * part.value / part.weight) if part.value is not None else 0
        rows.append((f"  {part.name}", "#" * filled + "." * (BAR - filled) if part.value is not None else "",
                     number(part.value, ".2f"), f"of {part.weight:.2f}", part.evidence))  # fmt: skip
    yield from aligned(rows, right=(2,))


def _divergences(one: Study, limit: int | None) -> Iterator[str]:
    found = one.divergences
    if not found:
        yield "Divergences: none"
        return
    shown = found[-limit:] if limit else found
    yield "Divergences" if len(shown) == len(found) else f"Divergences, the latest {len(shown)} of {len(found)}"
    yield from (f"  {each.kind:8} {each.sentence()}" for each in reversed(shown))


def _row(one: Study) -> tuple[str, ...]:
    now = one.latest()
    close, vwap = one.bars.close[-1], now["rolling_vwap"]
    return (
        one.ticker,
        str(one.bars.days[-1]),
        price(close),
        f"{number(now['change_percent'], '+.2f')} %",
        number(one.accumulation.value, ".1f"),
        number(one.distribution.value, ".1f"),
        number(now["relative_volume"], ".2f"),
        number(now["cmf"], "+.2f"),
        number(now["mfi"], ".0f"),
        f"{number(None if vwap is None else 100 * (close / vwap - 1), '+.1f')} %",
        _words(one),
    )


def _words(one: Study) -> str:
    if one.accumulation.value is None:
        return one.accumulation.word
    return f"{one.accumulation.word} accumulation, {one.distribution.word} distribution"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _basis(one: Study) -> str:
    return f"Source: {one.basis.source}; {one.basis.adjustment}; coverage: {one.basis.coverage}"


def _against(value: float | None, close: float | None) -> str:
    if value is None or close is None:
        return "-"
    return f"{price(value)} (close {100 * (close / value - 1):+.2f} %)"
