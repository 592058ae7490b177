"""The files of tracked tickers: ``AAPL_1d_data.csv``, a line a session, and ``AAPL_1d_data.json``, what it is.

Prices are as they were traded (raw); adjustments are kept apart. The JSON has the checksum of the CSV and the objects
that its lines stand on; a pair that does not fit together (a writer was killed between the two) counts as not there.
The same bars always give the same bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickstock.bars.tickers import file_stem
from tickstock.checksum import file_checksum
from tickstock.output import write_output

if TYPE_CHECKING:
    import polars as pl

SCHEMA_VERSION = "1.0.0"
MASSIVE = "Massive.com"
YAHOO = "Yahoo Finance"
PRICES = ("open", "high", "low", "close")
_HEADER = "Date,Open,High,Low,Close,Volume"


@dataclass(frozen=True)
class Tracked:
    """A ticker's bars. ``rows``: date, open, high, low, close, volume, in order; ``objects``: each session that was
    looked at, with or without a bar, and the ETag of the object that it stands on (empty, where ``source`` has none).
    """

    ticker: str
    source: str
    rows: pl.DataFrame
    objects: Mapping[date, str]


def tracked_path(folder: Path, ticker: str) -> Path:
    """Where the lines are; the JSON lies beside it."""
    return folder / f"{file_stem(ticker)}_1d_data.csv"


def read_tracked(folder: Path, ticker: str) -> Tracked | None:
    """What is kept of a ticker; None where it is not kept, or the pair is not whole."""
    import polars as pl

    path = tracked_path(folder, ticker)
    try:
        about = json.loads(path.with_suffix(".json").read_bytes())
        content = path.read_bytes()
        if about["ticker"] != ticker or about["checksum"] != file_checksum(content):
            return None
        objects = {date.fromisoformat(day): etag for day, etag in about["objects"].items()}
        source = str(about["source"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    schema = {"date": pl.Date, **dict.fromkeys((*PRICES, "volume"), pl.Float64)}
    rows = pl.read_csv(content, has_header=False, skip_rows=1, schema=schema)
    return Tracked(ticker, source, rows, objects)


def write_tracked(folder: Path, tracked: Tracked) -> None:
    """Put both files in place, each whole or not at all.

    Raises:
        TickstockError: they cannot be written.
    """
    path = tracked_path(folder, tracked.ticker)
    folder.mkdir(parents=True, exist_ok=True)
    text = _csv(tracked.rows)
    write_output(path, [text])
    about = json.dumps(_about(tracked, file_checksum(text.encode())), indent=1)
    write_output(path.with_suffix(".json"), [about, "\n"])


def _about(tracked: Tracked, checksum: str) -> dict[str, Any]:
    days, bars = sorted(tracked.objects), tracked.rows["date"]
    return {
        "schema_version": SCHEMA_VERSION,
        "ticker": tracked.ticker,
        "interval": "1d",
        "source": tracked.source,
        "adjustment": "none",
        "checksum": checksum,
        "records": len(bars),
        "date_range": [str(bars[0]), str(bars[-1])] if len(bars) else None,
        "coverage": {"sessions": len(days), "from": str(days[0]), "to": str(days[-1])} if days else None,
        "objects": {str(day): tracked.objects[day] for day in days},
    }


def _csv(rows: pl.DataFrame) -> str:
    lines = io.StringIO()
    lines.write(f"{_HEADER}\n")
    for day, *prices, volume in rows.select("date", *PRICES, "volume").iter_rows():
        shares = int(volume) if volume.is_integer() else volume
        lines.write(f"{day},{','.join(map(repr, prices))},{shares!r}\n")
    return lines.getvalue()
