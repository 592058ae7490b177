"""The lists of tracked tickers: text files in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tickstock.bars.tickers import read_list
from tickstock.errors import BadInputError

# The names of the guide. One of them ships; the others are yours to write.
KNOWN = ("sector_etfs.txt", "stocks.txt", "ibd.txt", "ibd20.txt", "ltl.txt", "cmb.txt", "short.txt")


class Lists(NamedTuple):
    """Tickers of some lists, each once, in order; the files they came from; and the known names that are not there."""

    tickers: tuple[str, ...]
    files: tuple[Path, ...]
    absent: tuple[str, ...] = ()


def read_lists(paths: list[Path], folder: Path) -> Lists:
    """The tickers of these files; a name alone is also looked for in ``folder``.

    Raises:
        BadInputError: a file is not there, or a word in it is no ticker.
    """
    files = tuple(_found(path, folder) for path in paths)
    return Lists(tuple(dict.fromkeys(ticker for file in files for ticker in read_list(file))), files)


def read_all_lists(folder: Path) -> Lists:
    """The tickers of all lists in the folder.

    Raises:
        BadInputError: there is no list, or a word in one is no ticker.
    """
    files = sorted(path for path in folder.glob("*.txt") if path.is_file())
    if not files:
        raise BadInputError(f"{folder} has no list of tickers; expected files such as {KNOWN[0]}, a ticker a line")
    names = {path.name for path in files}
    return read_lists(files, folder)._replace(absent=tuple(name for name in KNOWN if name not in names))


def _found(path: Path, folder: Path) -> Path:
    if path.is_file() or path.is_absolute():
        return path
    inside = folder / path
    if not inside.is_file():
        raise BadInputError(f"{path} is neither here nor in {folder}; expected a list, a ticker a line")
    return inside
