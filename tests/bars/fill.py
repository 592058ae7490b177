"""A process that fetches the days of a month, to be killed: fill.py ARCHIVE, with the environment of the settings."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import boto3  # noqa: F401 - what takes long comes before the word that the work begins
import polars  # noqa: F401

from tickstock.bars.archive import Archive
from tickstock.bars.credentials import credentials
from tickstock.bars.dataset import DAY
from tickstock.bars.fetch import fetch
from tickstock.bars.provider import Provider
from tickstock.settings import read_settings


def main() -> None:
    massive = read_settings().market.massive
    with Provider(massive, credentials(massive)) as provider:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        found = fetch(provider, Archive(Path(sys.argv[1])), DAY, [date(2025, 12, 1) + timedelta(n) for n in range(31)])
    sys.stdout.write("".join(f"{outcome.outcome}\n" for outcome in found.outcomes))


if __name__ == "__main__":
    main()
