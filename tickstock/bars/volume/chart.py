"""The study as a picture: price with its VWAPs and profile, volume, OBV, A/D, money flow."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickstock.bars.volume.divergences import BULLISH, Divergence, Pivot
from tickstock.bars.volume.indicators import Array
from tickstock.bars.volume.study import Study
from tickstock.bars.volume.text import headline, number, shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPIKE = 2.0
# More bars than this are drawn as a line of closes: a candle would be thinner than a pixel.
CANDLES = 270
SIZE = (13.0, 12.6)
DPI = 130


class Colours(NamedTuple):
    """What the parts of the picture are drawn in; each another colour, so that a page may replace them one by one."""

    paper: str = "#fffefb"
    ink: str = "#191f25"
    soft: str = "#59636d"
    grid: str = "#e6e2d8"
    frame: str = "#c9c4b8"
    up: str = "#14866d"
    down: str = "#c8443a"
    line: str = "#1d5c78"
    average: str = "#c98a1b"
    anchored: str = "#7a4fa3"
    shade: str = "#b9c9d2"
    area: str = "#6f9bb0"
    bullish: str = "#0b6e58"
    bearish: str = "#a92f26"


COLOURS = Colours()
_DASHED = (0, (5, 2))


def png(one: Study) -> bytes:
    """The picture as PNG, 1690 x 1638 pixels."""
    buffer = io.BytesIO()
    draw(one).savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def svg(one: Study) -> str:
    """The picture as an ``svg`` element to stand in a page: colours are CSS variables named as in :class:`Colours`."""
    import matplotlib as mpl

    buffer = io.StringIO()
    # Letters stay text, ids are the same each time, and nothing tells of when and with what it was made.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tickstock"}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        draw(one).savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    for name, colour in COLOURS._asdict().items():
        text = text.replace(colour, f"var(--{name})")
    return text


def draw(one: Study) -> Figure:
    """The picture as a figure of matplotlib, of no window and no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, facecolor=COLOURS.paper)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        5, 2, height_ratios=(5.2, 1.7, 1.7, 1.7, 1.7), width_ratios=(6.4, 1), hspace=0.24, wspace=0.02,
        left=0.06, right=0.975, top=0.893, bottom=0.045,
    )  # fmt: skip
    axes: list[Axes] = []
    for row in range(5):
        axes.append(figure.add_subplot(grid[row, 0], sharex=axes[0] if axes else None))
    side = figure.add_subplot(grid[0, 1], sharey=axes[0])
    for each in (*axes, side):
        _style(each)
    _price(axes[0], one)
    _profile(side, one)
    _volume(axes[1], one)
    _cumulative(axes[2], one, "OBV", one.series.obv, one.series.obv_average)
    _cumulative(axes[3], one, "A/D", one.series.ad, one.series.ad_average)
    _money_flow(axes[4], one)
    _days(axes, one)
    _titles(figure, one)
    return figure


def _titles(figure: Figure, one: Study) -> None:
    bars, basis = one.bars, one.basis
    figure.text(0.06, 0.965, one.ticker, fontsize=21, fontweight="bold", color=COLOURS.ink, parse_math=False)
    figure.text(
        0.06, 0.942, f"{bars.days[0]} to {bars.days[-1]}   ·   source: {basis.source}   ·   {basis.adjustment}   ·   "
        f"coverage: {basis.coverage}", fontsize=9.5, color=COLOURS.soft, parse_math=False,
    )  # fmt: skip
    kinds = "   ·   ".join(one.vwap_kinds)
    figure.text(0.06, 0.923, kinds, fontsize=9.5, color=COLOURS.soft, parse_math=False)
    for place, score, colour in ((0.979, one.accumulation, COLOURS.up), (0.956, one.distribution, COLOURS.down)):
        figure.text(0.975, place - 0.004, headline(score), fontsize=12, color=colour, ha="right", fontweight="bold")


def _style(axes: Axes) -> None:
    axes.set_facecolor(COLOURS.paper)
    axes.grid(color=COLOURS.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=COLOURS.soft, labelsize=8.5, length=0)
    for side in axes.spines.values():
        side.set_color(COLOURS.frame)
        side.set_linewidth(0.8)


def _price(axes: Axes, one: Study) -> None:
    bars, series, places = one.bars, one.series, np.arange(len(one.bars))
    if len(bars) <= CANDLES:
        for rising, colour in ((True, COLOURS.up), (False, COLOURS.down)):
            which = (bars.close >= bars.open) == rising
            at, low, high = places[which], bars.low[which], bars.high[which]
            axes.vlines(at, low, high, color=colour, linewidth=0.9)
            bottom, top = np.minimum(bars.open, bars.close)[which], np.maximum(bars.open, bars.close)[which]
            # A body without height is still seen as a stroke.
            axes.bar(at, top - bottom, 0.66, bottom, color=colour, edgecolor=colour, linewidth=0.6)
    else:
        axes.plot(places, bars.close, color=COLOURS.ink, linewidth=1.1, label="Close")
    rolling, anchored = one.vwap_kinds
    axes.plot(places, series.rolling_vwap, color=COLOURS.average, linewidth=1.7, label=rolling)
    axes.plot(places, series.anchored_vwap, color=COLOURS.anchored, linewidth=1.5, linestyle=_DASHED, label=anchored)
    named: dict[tuple[str, Pivot, Pivot], list[str]] = {}
    for each in one.divergences:
        ends = (each.first._replace(indicator=0.0), each.second._replace(indicator=0.0))
        named.setdefault((each.kind, *ends), []).append(each.indicator)
        _divergence(axes, one, each, bars.low if each.kind == BULLISH else bars.high)
    for (kind, _, pivot), names in named.items():
        below = kind == BULLISH
        axes.annotate(
            ", ".join(names), (bars.days.index(pivot.day), pivot.price), (0, -13 if below else 7),
            textcoords="offset points", ha="center", fontsize=8, fontweight="bold",
            color=COLOURS.bullish if below else COLOURS.bearish,
        )  # fmt: skip
    axes.margins(y=0.12)
    axes.set_xlim(-1.5, len(bars) + 0.5)
    _head(axes, "Price")


def _profile(axes: Axes, one: Study) -> None:
    profile = one.profile
    axes.tick_params(labelleft=False, labelbottom=False)
    axes.grid(visible=False, axis="x")
    axes.set_title("Volume by price", loc="left", fontsize=10, fontweight="bold", color=COLOURS.ink, pad=5)
    if profile.point_of_control is None or profile.value_low is None or profile.value_high is None:
        return
    heights = np.diff(profile.edges)
    inside = (profile.edges[:-1] >= profile.value_low) & (profile.edges[1:] <= profile.value_high)
    for which, colour in ((inside, COLOURS.area), (~inside, COLOURS.shade)):
        axes.barh(profile.edges[:-1][which], profile.volume[which], 0.86 * heights[which], align="edge", color=colour)
    axes.axhline(profile.point_of_control, color=COLOURS.line, linewidth=1.4)
    axes.text(0.97, profile.point_of_control, "POC", transform=axes.get_yaxis_transform(), ha="right", va="bottom",
              fontsize=8, color=COLOURS.line, fontweight="bold")  # fmt: skip
    axes.text(0.97, 0.015, "darker: value area\n(70 % of the volume)", transform=axes.transAxes, ha="right",
              fontsize=7.5, color=COLOURS.soft)  # fmt: skip


def _volume(axes: Axes, one: Study) -> None:
    bars, series, places = one.bars, one.series, np.arange(len(one.bars))
    rising = np.diff(bars.close, prepend=bars.open[0] if len(bars) else 0) >= 0
    spikes = np.nan_to_num(series.relative_volume) >= SPIKE
    for which, colour in ((rising, COLOURS.up), (~rising, COLOURS.down)):
        axes.bar(places[which], bars.volume[which], 0.72, color=colour, alpha=0.55)
        both = which & spikes
        axes.bar(places[both], bars.volume[both], 0.72, color=colour)
    axes.plot(places, series.average_volume, color=COLOURS.average, linewidth=1.4, label="20-day average")
    top = max(float(bars.volume.max()), 1.0)
    for place in places[spikes]:
        axes.text(place, bars.volume[place] + 0.03 * top, f"{series.relative_volume[place]:.1f}x", ha="center",
                  fontsize=7.5, color=COLOURS.ink)  # fmt: skip
    half = [place for place, day in enumerate(bars.days) if day in one.half_days]
    if half:
        axes.plot(half, bars.volume[half] + 0.05 * top, linestyle="none", marker="d", markersize=4.5,
                  color=COLOURS.soft, label="half day")  # fmt: skip
    axes.set_ylim(0, 1.18 * top)
    _in_shares(axes)
    now = one.latest()
    _head(axes, "Volume")
    _last(axes, ("Last volume", shares(now["volume"])),
          ("Relative volume", f"{number(now['relative_volume'], '.2f')} x"))  # fmt: skip


def _cumulative(axes: Axes, one: Study, name: str, values: Array, average: Array) -> None:
    places = np.arange(len(values))
    axes.plot(places, values, color=COLOURS.line, linewidth=1.3, label=name)
    axes.plot(places, average, color=COLOURS.average, linewidth=1.3, label="20-day average")
    axes.fill_between(places, values, average, where=values >= average, color=COLOURS.up, alpha=0.13, linewidth=0)
    axes.fill_between(places, values, average, where=values < average, color=COLOURS.down, alpha=0.13, linewidth=0)
    for each in one.divergences:
        if each.indicator == name:
            _divergence(axes, one, each, values)
    axes.margins(y=0.12)
    _in_shares(axes)
    _head(axes, name)
    _last(axes, (f"Last {name}", shares(values[-1])), ("20-day average", shares(_known(average[-1]))))


def _money_flow(axes: Axes, one: Study) -> None:
    cmf, mfi, places = one.series.cmf, one.series.mfi, np.arange(len(one.bars))
    axes.fill_between(places, cmf, 0, where=cmf >= 0, color=COLOURS.up, alpha=0.45, linewidth=0, interpolate=True)
    axes.fill_between(places, cmf, 0, where=cmf < 0, color=COLOURS.down, alpha=0.45, linewidth=0, interpolate=True)
    axes.axhline(0, color=COLOURS.frame, linewidth=0.9)
    widest = max(0.25, 1.1 * float(np.nanmax(np.abs(cmf), initial=0.0)))
    axes.set_ylim(-widest, widest)
    other = axes.twinx()
    _style(other)
    other.grid(visible=False)
    other.plot(places, mfi, color=COLOURS.line, linewidth=1.3, label="MFI(14), right scale")
    for bound in (20, 80):
        other.axhline(bound, color=COLOURS.soft, linewidth=0.7, linestyle=(0, (2, 3)))
    other.set_ylim(0, 100)
    other.set_yticks([20, 50, 80])
    now = one.latest()
    _head(other, "CMF(20), filled, left scale")
    _last(axes, ("Last CMF(20)", number(now["cmf"], "+.3f")), ("Last MFI(14)", number(now["mfi"], ".1f")))


def _divergence(axes: Axes, one: Study, each: Divergence, values: Array) -> None:
    ends = [one.bars.days.index(pivot.day) for pivot in (each.first, each.second)]
    colour = COLOURS.bullish if each.kind == BULLISH else COLOURS.bearish
    axes.plot(ends, values[ends], color=colour, linewidth=1.5, linestyle=(0, (3, 1.5)), marker="o", markersize=4,
              markerfacecolor=COLOURS.paper)  # fmt: skip


def _days(axes: list[Axes], one: Study) -> None:
    places = list(_ticks(one))
    axes[0].set_xticks(places)
    for each in axes[:-1]:
        each.tick_params(labelbottom=False)
    axes[-1].set_xticklabels([f"{day.day} {day:%b %Y}" for day in (one.bars.days[place] for place in places)])


def _ticks(one: Study) -> Iterator[int]:
    """The first sessions of months, or about ten days where there are few or many months."""
    days = one.bars.days
    firsts = [at for at in range(1, len(days)) if days[at].month != days[at - 1].month]
    if not 3 <= len(firsts) <= 14:
        step = max(1, len(days) // 9)
        return iter(range(0, len(days), step))
    return iter(firsts)


def _in_shares(axes: Axes) -> None:
    def text(value: float, _: Any) -> str:
        return shares(value).replace(".00", "")

    axes.yaxis.set_major_formatter(text)
    axes.locator_params(axis="y", nbins=5)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _head(axes: Axes, name: str) -> None:
    """The name of a panel above its left end, what its lines are above its right end."""
    axes.set_title(name, loc="left", fontsize=10, fontweight="bold", color=COLOURS.ink, pad=5)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, fontsize=8.5, frameon=False,
                    labelcolor=COLOURS.ink, borderaxespad=0.0)  # fmt: skip


def _last(axes: Axes, *values: tuple[str, str]) -> None:
    """The last values of a panel, beside it: a label and a figure each."""
    for place, (label, value) in enumerate(values):
        top = 0.95 - 0.48 * place
        axes.text(1.035, top, label, transform=axes.transAxes, fontsize=8, color=COLOURS.soft, va="top")
        axes.text(1.035, top - 0.14, value, transform=axes.transAxes, fontsize=13, color=COLOURS.ink, va="top")
