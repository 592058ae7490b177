"""The two kinds of flat files: bars of a day, and bars of a minute."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Dataset(NamedTuple):
    """A kind of flat file. ``name`` is the word for it in options and paths, ``folder`` its place in the archive."""

    name: str
    folder: str


DAY = Dataset("day", "")
MINUTE = Dataset("minute", "minute")
DATASETS = {dataset.name: dataset for dataset in (DAY, MINUTE)}


def file_name(day: date) -> str:
    """The name of a day's object, in the bucket and in the archive: ``2025-12-05.csv.gz``."""
    return f"{day.isoformat()}.csv.gz"


def object_key(prefix: str, day: date) -> str:
    """Where a day's object lies in the bucket: ``PREFIX/2025/12/2025-12-05.csv.gz``."""
    return f"{prefix.strip('/')}/{day:%Y/%m}/{file_name(day)}"
