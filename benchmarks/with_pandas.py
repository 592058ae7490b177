"""What the loader is compared with: pandas reads the files and writes them with to_sql(method="multi").

Usage: with_pandas.py FOLDER URI
"""

import sys
from pathlib import Path

import pandas as pd
from sqlalchemy import create_engine

ROWS_A_STATEMENT = 1_000


def main(folder: str, uri: str) -> None:
    engine = create_engine(uri.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        groups = pd.read_sql("SELECT id, name FROM definition_groups", connection).set_index("name")["id"]
        for path in sorted(Path(folder).glob("*_holdings.csv")):
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            frame["group_id"] = groups[path.stem.removesuffix("_holdings").upper()]
            frame["metadata"] = '{"source": "file"}'
            frame.to_sql(
                "group_memberships", connection, if_exists="append", index=False, method="multi",
                chunksize=ROWS_A_STATEMENT,
            )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
