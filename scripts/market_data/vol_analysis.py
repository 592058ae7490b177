"""Study the volume of one or more tickers: indicators, divergences, accumulation and distribution scores, a chart."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock import console
from tickstock.option_values import day

if TYPE_CHECKING:
    import pandas as pd

    from tickstock.bars.volume.report import Report
    from tickstock.bars.volume.study import Study

EXAMPLES = """
    scripts/market_data/vol_analysis.py AAPL
    scripts/market_data/vol_analysis.py AAPL -p 6mo --data-source massive
    scripts/market_data/vol_analysis.py AAPL MSFT NVDA
    scripts/market_data/vol_analysis.py -f sector_etfs.txt --json
    scripts/market_data/vol_analysis.py AAPL --chart aapl.png
    scripts/market_data/vol_analysis.py AAPL --anchor 2025-08-01 --chart aapl.html
"""

# (ticker, period, data source) -> daily bars, adjusted for splits
Reader = Callable[[str, str, str], "pd.DataFrame"]


def _parser() -> argparse.ArgumentParser:
    result = console.parser("vol_analysis", __doc__ or "", EXAMPLES)
    add = result.add_argument
    add("tickers", metavar="TICKER", nargs="*", help="several are ranked by accumulation score")
    add("-f", "--file", metavar="FILE", type=Path, help="also the tickers of this list, one or more a line")
    add("-p", "--period", metavar="PERIOD", default="12mo", help="how far back: 6mo, 1y, 24mo, ytd, max (12mo)")
    add("--data-source", choices=("yfinance", "massive"), default="yfinance", help="where bars come from (yfinance)")
    add("--anchor", metavar="DATE", type=day, help="where the anchored VWAP begins (the lowest low of the period)")
    add("--chart", metavar="FILE", type=Path, help=".png or .html; with several tickers a file each: FILE-AAPL.png")
    return result


def _read(ticker: str, period: str, source: str) -> "pd.DataFrame":
    from tickstock.bars.data_manager import get_smart_data

    return get_smart_data(ticker, period=period, data_source=source, adjust="splits")


def _study(options: argparse.Namespace, read: Reader) -> int:
    from tickstock.errors import UsageError

    if options.chart and options.chart.suffix.casefold() not in (".png", ".html"):
        raise UsageError(f"--chart {options.chart}: expected a name that ends in .png or .html")
    tickers = _tickers(options)
    from tickstock.bars.sessions import half_days, new_york_now, period_start
    from tickstock.bars.volume.report import report
    from tickstock.bars.volume.text import grouped
    from tickstock.market_command import unseen_logs

    now = new_york_now()
    short = half_days(period_start(options.period, now.date()), now.date() + timedelta(days=1))
    # Bars of a session that is going on would be compared with whole ones.
    unfinished = now.date() if now.hour < 16 else None

    def frame(ticker: str) -> "pd.DataFrame":
        return read(ticker, options.period, options.data_source)

    # The remarks come with the studies.
    with unseen_logs(options, "tickstock.bars", "yfinance"):
        result = report(tickers, frame, short, options.anchor, unfinished)
    _show(options, result)
    for one in result.studies if options.chart else ():
        _draw(options, one, len(tickers) > 1)
    for line in grouped(result.failed, len(tickers)):
        console.warn(f"error: {line}")
    return 1 if result.failed else 0


def _tickers(options: argparse.Namespace) -> list[str]:
    from tickstock.bars.lists import read_lists
    from tickstock.bars.tickers import checked
    from tickstock.errors import UsageError
    from tickstock.settings import read_settings

    found = [checked(ticker) for ticker in options.tickers]
    if options.file:
        found += read_lists([options.file], read_settings().market.tickers).tickers
    if not found:
        raise UsageError("no ticker; name one or more, or a list with -f FILE")
    return list(dict.fromkeys(found))


def _show(options: argparse.Namespace, result: "Report") -> None:
    if options.json:
        import json

        from tickstock.bars.volume.as_json import document

        console.show(json.dumps(document(result, daily=options.verbose), indent=2))
    elif result.studies and not options.quiet:
        from tickstock.bars.volume.text import detail, summary

        one = result.studies[0]
        alone = len(result.studies) + len(result.failed) == 1
        console.show("\n".join(detail(one, options.verbose) if alone else summary(result.studies)))


def _draw(options: argparse.Namespace, one: "Study", several: bool) -> None:
    from tickstock.bars.tickers import file_stem
    from tickstock.bars.volume import chart, page
    from tickstock.output import write_output

    path: Path = options.chart
    if several:
        path = path.with_name(f"{path.stem}-{file_stem(one.ticker)}{path.suffix}")
    write_output(path, [chart.png(one) if path.suffix.casefold() == ".png" else page.page(one)])
    console.say(options, f"chart written to {path}")


def main(argv: Sequence[str] | None = None, read: Reader = _read) -> int:
    return console.run(_parser(), lambda options: _study(options, read), argv)


if __name__ == "__main__":
    sys.exit(main())
