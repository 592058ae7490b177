"""What the loader is compared with: dlt merges the rows of the files into a table of its own.

Usage: with_dlt.py FOLDER URI WORK_FOLDER, with the Python that has dlt (requirements-bench.txt).
"""

import csv
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import dlt
from dlt.pipeline import trace


def rows(folder: str) -> Iterator[list[dict[str, object]]]:
    """The rows of one file after the other; dlt takes a list as one page."""
    for path in sorted(Path(folder).glob("*_holdings.csv")):
        group = path.stem.removesuffix("_holdings").upper()
        with path.open(encoding="utf-8", newline="") as file:
            yield [
                {"group_name": group, "symbol": row["symbol"], "weight": Decimal(row["weight"])}
                for row in csv.DictReader(file)
            ]


def main(folder: str, uri: str, work: str) -> None:
    # With its telemetry off dlt sends nothing, but would still leave an identity in the user's home.
    trace.TRACKING_MODULES = []
    # dlt insists on a host and a password; over a socket, libpq takes the one in ?host= and needs no other.
    credentials = uri.replace("@/", ":none@socket/")
    pipeline = dlt.pipeline(
        "holdings",
        pipelines_dir=work,
        destination=dlt.destinations.postgres(credentials=credentials),
        dataset_name="holdings",
    )
    loaded = pipeline.run(
        rows(folder),
        table_name="group_memberships",
        write_disposition="merge",
        primary_key=("group_name", "symbol"),
        columns={"weight": {"data_type": "decimal", "precision": 9, "scale": 6}},
    )
    loaded.raise_on_failed_jobs()


if __name__ == "__main__":
    main(*sys.argv[1:])
