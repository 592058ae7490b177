"""The account of one file while it is read: what was loaded, split off and rejected."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from tickstock.sources.records import Holding, Problem, Source, Split, UnusableError, shown
from tickstock.sources.weights import EXACT, WeightError, are_fractions, fits, parse_weight, rounded
from tickstock.symbols import read_ticker, stated_reason, symbol_of

_MOST_PROBLEMS = 20


class About(NamedTuple):
    """What a line says beside ticker and weight, with nothing for nothing."""

    name: str = ""
    sector: str = ""
    asset_class: str = ""


NOTHING = About()


class Reading:
    """Collects the lines of one file; each format's module feeds it, :meth:`source` closes it.

    Every data line goes through :meth:`add`, :meth:`split` or :meth:`reject`, which is what makes the account
    complete. ``weighted`` is False for universes and themes: their weights are not even looked at.
    """

    def __init__(self, path: Path, kind: str, group: str) -> None:
        self.path, self.kind, self.group = path, kind, group
        self.format, self.title = "", ""
        self.as_of: date | None = None
        self.weighted = kind == "ETF"
        self.rows = self.loaded = self.rejected = 0
        self.warnings: list[str] = []
        self._holdings: dict[str, Holding] = {}
        self._repeated: set[str] = set()
        self._split_off: list[Split] = []
        self._problems: list[Problem] = []
        self._unrounded = self._percent_sign = False

    def add(self, line: int, ticker: str, weight: str = "", about: About = NOTHING) -> None:
        """One data line: loaded, split off (asset class first, then name, then ticker) or rejected."""
        if about is not NOTHING and (reason := stated_reason(about.name, about.asset_class)):
            self.split(line, ticker, about.name, reason)
            return
        symbol, no_stock, error = read_ticker(ticker)
        if no_stock:
            self.split(line, ticker, about.name, no_stock)
            return
        if error:
            found = f"the ticker {shown(ticker)} ({error})"
            self.reject(line, found, "one like AAPL or BRK.B", "correct the line")
            return
        value: Decimal | None = None
        if self.weighted and weight:
            try:
                value = Decimal(weight) if EXACT(weight) else self._unusual_weight(weight)
            except WeightError as wrong:
                self.reject(line, f"weight {shown(weight)}", str(wrong), wrong.hint)
                return
        holding = Holding(line, symbol, value, about.name, about.sector)
        first = self._holdings.setdefault(symbol, holding)
        if first is not holding and not self._summed(first, holding):
            return
        self.rows += 1
        self.loaded += 1

    def add_all(self, rows: Iterable[tuple[int, list[str]]], ticker_at: int, weight_at: int) -> None:
        """Lines as (line, cells). What is as usual goes a short way: a market has a million of these."""
        holdings, usual, weighted = self._holdings, 0, self.weighted
        new = tuple.__new__  # half the time of Holding(...)
        for line, cells in rows:
            symbol, weight = symbol_of(cells[ticker_at]), cells[weight_at]
            if symbol and weighted and EXACT(weight) and symbol not in holdings:
                holdings[symbol] = new(Holding, (line, symbol, Decimal(weight), "", ""))
                usual += 1
            else:
                self.add(line, cells[ticker_at], weight)
        self.rows += usual
        self.loaded += usual

    def split(self, line: int, ticker: str, name: str, reason: str) -> None:
        """A data line that is no US stock."""
        self.rows += 1
        text = " ".join(f"{ticker[:40]} {name[:80]}".split())
        self._split_off.append(Split(line, text, reason))

    def reject(self, line: int, found: str, expected: str, hint: str) -> None:
        """A data line that cannot be used: the file will not be loaded."""
        self.rows += 1
        self.rejected += 1
        if self.rejected <= _MOST_PROBLEMS:
            self._problems.append(Problem(self.path, line, found, expected, hint))

    def source(self, checksum: str, unusable: UnusableError | None = None) -> Source:
        """The finished account. With ``unusable`` nothing of the file counts but that problem."""
        holdings = () if unusable else self._finished()
        problems = (unusable.problem(self.path),) if unusable else self._listed_problems()
        if not holdings and not problems:
            self.warnings.append("no holdings in the file")
        return Source(
            path=self.path,
            kind=self.kind,
            group=self.group,
            format=self.format,
            title=self.title,
            checksum=checksum,
            as_of=self.as_of,
            holdings=holdings,
            rows=0 if unusable else self.rows,
            loaded_rows=0 if unusable else self.loaded,
            rejected=0 if unusable else self.rejected,
            split_off=() if unusable else tuple(self._split_off),
            warnings=tuple(self.warnings),
            problems=problems,
        )

    def _unusual_weight(self, text: str) -> Decimal | None:
        value = parse_weight(text)
        self._unrounded = True
        self._percent_sign = self._percent_sign or "%" in text
        return value

    def _summed(self, first: Holding, again: Holding) -> bool:
        """Add a symbol's further line to its first; False where the sum is too large, and it is rejected."""
        self._repeated.add(first.symbol)
        if again.weight is None:
            return True
        weight = again.weight + (first.weight or 0)
        if not fits(weight):
            found = f"weights of {first.symbol} that sum to {weight} (first on line {first.line})"
            self.reject(again.line, found, "less than 1000 percent", "correct one of the lines")
            return False
        self._holdings[first.symbol] = first._replace(weight=weight)
        return True

    def _finished(self) -> tuple[Holding, ...]:
        holdings = tuple(self._holdings.values())
        if self._repeated:
            repeated = sorted(self._repeated)
            done = "their weights were summed" if self.weighted else "each is stored once"
            self.warnings.append(f"{_some(repeated)} more than once; {done}")
        weights = [holding.weight for holding in holdings if holding.weight is not None]
        if not weights:
            return holdings
        if not self._percent_sign and are_fractions(weights):
            self.warnings.append(f"weights sum to {sum(weights):.4f}: read as fractions, multiplied by 100")
            holdings = tuple(h._replace(weight=h.weight and h.weight * 100) for h in holdings)
        if self._unrounded:
            holdings = tuple(
                h if h.weight is None else h._replace(weight=rounded(h.weight)) for h in holdings
            )
            negative = [h.symbol for h in holdings if h.weight is not None and h.weight < 0]
            if negative:
                self.warnings.append(f"{_some(negative)} below zero; kept as in the file")
        return holdings

    def _listed_problems(self) -> tuple[Problem, ...]:
        if self.rejected <= _MOST_PROBLEMS:
            return tuple(self._problems)
        more = Problem(self.path, None, f"{self.rejected - _MOST_PROBLEMS} more bad lines", "", "")
        return (*self._problems, more)


def _some(symbols: list[str]) -> str:
    """A few symbols for a message, and how many more there are."""
    listed = ", ".join(symbols[:5])
    return listed if len(symbols) <= 5 else f"{listed} and {len(symbols) - 5} more"
