"""What stands in for yfinance: ``import tickstock.bars.yf as yf``, and nothing else changes.

``download`` and ``Ticker.history`` take yfinance 1.7's parameters, with its defaults, and give its frames: columns,
their order and names, types, index and time zone. Bars of days and minutes come from the archive; of a ticker that it
has some days of, Yahoo's bars fill the gaps, and a ticker that it has nothing of is yfinance's alone. So is whatever
the archive cannot answer in the same sense: other intervals, days before 2003-09-10 and ``max``, times of day,
``prepost``, ``repair``, ``back_adjust``, ``keepna``; and all other names of the module: ``Ticker.info``, ``Search``.

What is different: bars of the archive end with the last session whose flat file can be there, at 11:00 of the next
day; the column Capital Gains is there where Yahoo told of the actions, and its amounts are among the dividends; with
``group_by="ticker"`` the tickers are in the order asked for; no progress is shown for what is read from the archive.
The frame's ``attrs`` tell its source, adjustment and coverage; what is worth knowing is logged as ``tickstock.bars``.

Three keywords more: ``data_source="massive"`` also fetches the flat files of days that are not here (``"yfinance"``,
the default, does not, as a question should not begin a download of hundreds of files); ``market`` and ``now`` as in
:mod:`tickstock.bars.data_manager`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import yfinance
from yfinance.const import period_default

from tickstock.bars import frames
from tickstock.bars.drop_in import Interval, Wish, days_asked, labels, read
from tickstock.bars.sessions import NEW_YORK, new_york_now

if TYPE_CHECKING:
    import pandas as pd

    from tickstock.market_settings import Market

__all__ = yfinance.__all__
NOT_OF_THE_ARCHIVE = ("prepost", "repair", "back_adjust", "keepna")


def __getattr__(name: str) -> Any:
    return getattr(yfinance, name)


def download(  # noqa: PLR0913, PLR0917 - yfinance's
    tickers: str | Sequence[str],
    start: Any = None,
    end: Any = None,
    actions: bool = False,
    threads: bool | int = True,
    ignore_tz: bool | None = None,
    group_by: str = "column",
    auto_adjust: bool = True,
    back_adjust: bool = False,
    repair: bool = False,
    keepna: bool = False,
    progress: bool = True,
    period: str | None = period_default,
    interval: str = "1d",
    prepost: bool = False,
    rounding: bool = False,
    timeout: float | None = 10,
    session: Any = None,
    multi_level_index: bool = True,
    *,
    data_source: str = "yfinance",
    market: Market | None = None,
    now: datetime | None = None,
) -> pd.DataFrame:
    """What ``yfinance.download`` gives. A ticker that nobody has is logged, and its columns are empty.

    Raises:
        BadInputError: the data source is unknown.
        TickstockError: the archive or the store cannot be read.
    """
    ignore_tz = interval[-1] not in ("m", "h") if ignore_tz is None else ignore_tz
    options = {
        "start": start, "end": end, "actions": actions, "threads": threads, "ignore_tz": ignore_tz,
        "auto_adjust": auto_adjust, "back_adjust": back_adjust, "repair": repair, "keepna": keepna,
        "progress": progress, "period": period, "interval": interval, "prepost": prepost, "rounding": rounding,
        "timeout": timeout, "session": session,
    }  # fmt: skip
    names = labels(tickers)
    found: dict[str, pd.DataFrame | None] = {**_from_archive(names, options, data_source, market, now)}
    if not found:
        whole: pd.DataFrame = yfinance.download(
            tickers, group_by=group_by, multi_level_index=multi_level_index, **options
        )
        return whole
    for frame in found.values():
        if ignore_tz and frame is not None:
            frame.index = cast("pd.DatetimeIndex", frame.index).tz_localize(None)
    if rest := [name for name in names if name not in found]:
        found |= _apart(yfinance.download(rest, group_by="ticker", **options), ignore_tz)
    result = frames.together({name: found.get(name) for name in names}, "column" if group_by == "column" else "ticker")
    if not multi_level_index and len(names) == 1:
        result = result.droplevel("Ticker", axis=1).rename_axis(None, axis=1)
    if len(found) == 1:
        result.attrs = next(iter(found.values())).attrs  # type: ignore[union-attr] # one that was found
    return result


class Ticker(yfinance.Ticker):  # type: ignore[misc] # it has no types
    """What ``yfinance.Ticker`` is, with the history of the archive."""

    def history(  # noqa: PLR0913, PLR0917 - yfinance's
        self,
        period: str | None = period_default,
        interval: str = "1d",
        start: Any = None,
        end: Any = None,
        prepost: bool = False,
        actions: bool = True,
        auto_adjust: bool = True,
        back_adjust: bool = False,
        repair: bool = False,
        keepna: bool = False,
        rounding: bool = False,
        timeout: float | None = 10,
        raise_errors: bool = False,
        *,
        data_source: str = "yfinance",
        market: Market | None = None,
        now: datetime | None = None,
    ) -> pd.DataFrame:
        """What ``yfinance.Ticker.history`` gives: where nobody has a bar, that is logged, and the frame is empty.

        Raises:
            BadInputError: the data source is unknown.
            TickstockError: the archive or the store cannot be read.
        """
        options = {
            "start": start, "end": end, "actions": actions, "auto_adjust": auto_adjust, "back_adjust": back_adjust,
            "repair": repair, "keepna": keepna, "period": period, "interval": interval, "prepost": prepost,
            "rounding": rounding, "timeout": timeout, "raise_errors": raise_errors,
        }  # fmt: skip
        found = _from_archive([self.ticker], options, data_source, market, now)
        return found[self.ticker] if found else super().history(**options)


def _from_archive(
    names: list[str], options: dict[str, Any], data_source: str, market: Market | None, now: datetime | None
) -> dict[str, pd.DataFrame]:
    if options["interval"] not in ("1d", "1m") or any(options[name] for name in NOT_OF_THE_ARCHIVE):
        return {}
    now = now or new_york_now()
    period = None if options["period"] == period_default else options["period"]
    days = days_asked(period, options["start"], options["end"], now)
    if days is None:
        return {}
    if market is None:
        from tickstock.settings import read_settings

        market = read_settings().market
    interval = cast("Interval", options["interval"])
    wish = Wish(*days, interval, options["actions"], options["auto_adjust"], options["rounding"])
    return read(market, names, wish, data_source, now)


def _apart(frame: pd.DataFrame, ignore_tz: bool) -> dict[str, pd.DataFrame | None]:
    """The frames that yfinance put together, as they were before; None for a ticker that failed."""
    found: dict[str, pd.DataFrame | None] = {}
    for name in frame.columns.get_level_values(0).unique():
        one = frame[name].dropna(how="all").rename_axis(None, axis=1)
        if not one.empty:
            one = one.astype({"Volume": "int64"})
            if not ignore_tz:
                one.index = cast("pd.DatetimeIndex", one.index).tz_convert(str(NEW_YORK))
        found[name] = None if one.empty else one
    return found
