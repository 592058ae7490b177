"""The funds that the benchmarks load: made up, shaped like real ones, and the same on every machine and run.

Funds come one at a time, so that the process that measures stays small. Weights are counted in millionths of
a percent, as the database stores them; those of a fund sum to exactly 100 %.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

HUNDRED_PERCENT = 100_000_000
SMALLEST_WEIGHT = 100

# A total-market fund, small, mid and large caps, three times the S&P 500, the NASDAQ-100 twice, sectors, the Dow.
SEED_SIZES = (
    3500, 2719, 1943, 1330, 1010, 870, 603, 505, 504, 504, 504, 390, 300, 165, 153, 103, 102, 102, 75, 70, 60,
    35, 30, 23,
)  # fmt: skip
SEED_SYMBOLS = 4_000
MARKET_SIZES = (300,) * 4_000
MARKET_SYMBOLS = 12_000

MOVED_SHARE = 0.998
REPLACED_SHARE = 0.01

# Without the letters that end a glued share class (BRKB), and so each symbol is stored as it is written.
_LETTERS = "CDEFGHIJKLMNOPQRSTUWXYZ"


class Fund(NamedTuple):
    """A fund's name, and its holdings as (symbol, millionths of a percent), heaviest first."""

    name: str
    holdings: tuple[tuple[str, int], ...]


@cache
def symbols(count: int) -> tuple[str, ...]:
    """That many symbols of four letters, sorted; at most 279,841."""
    every = ["".join(letters) for letters in itertools.product(_LETTERS, repeat=4)]
    return tuple(sorted(random.Random(f"symbols {count}").sample(every, count)))


def funds(sizes: Iterable[int], universe: tuple[str, ...]) -> Iterator[Fund]:
    """One fund for each size, with as many members of ``universe``; names are sorted as the sizes come."""
    for number, size in enumerate(sizes, start=1):
        name = f"FUND{number:04}"
        chance = random.Random(name)
        weights = sorted(_weights(size, chance), reverse=True)
        yield Fund(name, tuple(zip(chance.sample(universe, size), weights, strict=True)))


def moved(fund: Fund, week: int, share: float = 1.0) -> Fund:
    """The fund with new weights for (about) ``share`` of its members, exactly all of them by default.

    Members trade up to 2 % of a weight two by two: the sum stays.
    """
    chance = random.Random(f"{fund.name} moved {week}")
    weights = [weight for _, weight in fund.holdings]
    order = chance.sample(range(len(weights)), len(weights))
    # Whoever gains only gains and whoever gives only gives, so that no weight ends where it began.
    pairs = [(order[at - 1], order[at]) for at in range(1, len(order), 2)]
    if len(order) % 2 and len(order) > 1:
        pairs.append((order[0], order[-1]))
    for gains, gives in pairs:
        if chance.random() < share:
            amount = chance.randint(1, max(1, weights[gives] // 50))
            weights[gains] += amount
            weights[gives] -= amount
    return fund._replace(
        holdings=tuple((symbol, weight) for (symbol, _), weight in zip(fund.holdings, weights, strict=True))
    )


def monday(fund: Fund, week: int, universe: tuple[str, ...]) -> Fund:
    """The fund a week later: 99.8 % of its weights have moved, and 1 % of its members were replaced."""
    chance = random.Random(f"{fund.name} monday {week}")
    holdings = list(moved(fund, week, MOVED_SHARE).holdings)
    members = {symbol for symbol, _ in holdings}
    leaving = chance.sample(range(len(holdings)), round(len(holdings) * REPLACED_SHARE))
    joining = chance.sample([symbol for symbol in universe if symbol not in members], len(leaving))
    for at, symbol in zip(leaving, joining, strict=True):
        holdings[at] = (symbol, holdings[at][1])
    return fund._replace(holdings=tuple(holdings))


def write_folder(made: Iterable[Fund], folder: Path) -> Path:
    """Write each fund as a plain CSV, ``{etf}_holdings.csv``; give the folder."""
    folder.mkdir()
    for fund in made:
        lines = [f"{symbol},{percent(weight)}" for symbol, weight in fund.holdings]
        path = folder / f"{fund.name.lower()}_holdings.csv"
        path.write_text("\n".join(["symbol,weight", *lines, ""]), encoding="utf-8")
    return folder


def write_copy_file(made: Iterable[Fund], path: Path) -> Path:
    """Write the rows that the loader stores, in key order and in COPY's text format; give the path.

    The columns are group_id (the fund's place in the row, from 1), symbol, weight, metadata. The last group is the
    sector unknown, which every stock enters.
    """
    stocks: set[str] = set()
    number = 0
    with path.open("w", encoding="utf-8") as file:
        for number, fund in enumerate(made, start=1):
            for symbol, weight in sorted(fund.holdings):
                file.write(f'{number}\t{symbol}\t{percent(weight)}\t{{"source": "file"}}\n')
            stocks.update(symbol for symbol, _ in fund.holdings)
        file.writelines(f'{number + 1}\t{symbol}\t\\N\t{{"source": "unclassified"}}\n' for symbol in sorted(stocks))
    return path


def count_stocks(made: Iterable[Fund]) -> int:
    """How many different stocks the funds hold."""
    return len({symbol for fund in made for symbol, _ in fund.holdings})


def percent(weight: int) -> str:
    """Millionths of a percent as they stand in a file, with six decimals."""
    return f"{weight // 1_000_000}.{weight % 1_000_000:06}"


def _weights(size: int, chance: random.Random) -> list[int]:
    """Few heavy and many light weights; what rounding leaves goes to the first."""
    raw = [chance.paretovariate(1.2) for _ in range(size)]
    spread, total = HUNDRED_PERCENT - SMALLEST_WEIGHT * size, sum(raw)
    weights = [SMALLEST_WEIGHT + int(spread * one / total) for one in raw]
    weights[0] += HUNDRED_PERCENT - sum(weights)
    return weights
