"""The study of several tickers: ranked, with what went wrong beside what did not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tickstock.bars.volume.study import Study, study
from tickstock.errors import TickstockError

if TYPE_CHECKING:
    import pandas as pd


class Report(NamedTuple):
    """Studies by accumulation score, the highest first (then the lower distribution score, then the ticker), those
    without a score last; and the tickers that failed, each with the reason.
    """

    studies: tuple[Study, ...]
    failed: tuple[tuple[str, str], ...]


def report(
    tickers: Iterable[str],
    read: Callable[[str], pd.DataFrame],
    half_days: Collection[date] = (),
    anchor: date | None = None,
    unfinished: date | None = None,
) -> Report:
    """Study each ticker on the frame that ``read`` gives for it; the options are those of :func:`study`.

    A ticker whose frame cannot be read or studied (TickstockError) does not stop the others.
    """
    studies: list[Study] = []
    failed: list[tuple[str, str]] = []
    for ticker in tickers:
        try:
            studies.append(study(read(ticker), ticker, half_days, anchor, unfinished))
        except TickstockError as error:
            failed.append((ticker, str(error)))
    return Report(tuple(sorted(studies, key=_rank)), tuple(failed))


def _rank(one: Study) -> tuple[float, float, str]:
    buy, leave = one.accumulation.value, one.distribution.value
    return (-buy if buy is not None else 1.0, leave if leave is not None else 11.0, one.ticker)
