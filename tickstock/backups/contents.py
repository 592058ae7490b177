"""What the suite's tables hold, in figures that a backup and the database can be compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from psycopg2.extensions import quote_ident

from tickstock.db import statement

if TYPE_CHECKING:
    from tickstock.db import Cursor

# Whatever refers to another table comes after it.
TABLES = (
    "definition_groups",
    "group_memberships",
    "load_runs",
    "load_files",
    "data_version",
    "membership_versions",
    "removed_memberships",
    "symbol_renames",
)

# As text, a row is the same on every server, whatever its settings.
SAME_TEXT = "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1"

# Tables of a few megabytes are worth a second processor too: printing and hashing rows is all that takes time.
_AT_ONCE = (
    "SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL parallel_setup_cost = 100;"
    " SET LOCAL min_parallel_table_scan_size = '1MB'"
)


class Content(NamedTuple):
    """What a table holds: the names of its columns, its rows, and their fingerprint, whatever their order."""

    columns: tuple[str, ...]
    rows: int
    fingerprint: str


def read_columns(cursor: Cursor) -> dict[str, tuple[str, ...]]:
    """The columns of each table, an application's own ones included, but for those that are computed."""
    cursor.execute(
        "SELECT t.name, array_agg(a.attname::text ORDER BY a.attnum) FROM unnest(%s) t (name)"
        " JOIN pg_attribute a ON a.attrelid = t.name::regclass"
        " WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY t.name",
        (list(TABLES),),
    )
    found = dict(cursor.fetchall())
    return {table: tuple(found[table]) for table in TABLES}


def read_contents(cursor: Cursor, columns: Mapping[str, tuple[str, ...]]) -> dict[str, Content]:
    """Count and fingerprint the rows of each table, by these of its columns.

    The fingerprint is the sum of the MD5s of the rows (of their first 64 bits): no sorting, and a row that is
    there twice counts twice.
    """
    cursor.execute(f"{SAME_TEXT}; {_AT_ONCE}")
    text = "ROW({})::text"
    if cursor.connection.info.parameter_status("server_encoding") != "UTF8":
        text = f"convert_to({text}, 'UTF8')"
    cursor.execute(
        " UNION ALL ".join(
            f"SELECT '{table}', count(*),"  # noqa: S608 - names, quoted
            f" COALESCE(sum(('x' || md5({text.format(quoted(names, cursor))}))::bit(64)::bigint), 0)::text FROM {table}"
            for table, names in columns.items()
        )
    )
    return {table: Content(columns[table], rows, fingerprint) for table, rows, fingerprint in cursor.fetchall()}


def quoted(names: tuple[str, ...], cursor: Cursor) -> str:
    """Names of columns as a list for a statement."""
    return ", ".join(quote_ident(name, cursor) for name in names)


def read_highest_numbers(cursor: Cursor) -> dict[str, int]:
    """For each table with numbered rows the highest number that was ever given, as far as it can be known.

    A sequence that the role may not look at is passed over: then only numbers that still stand somewhere count.
    """
    cursor.execute(statement("backups/highest_numbers"))
    return dict(cursor.fetchall())


def read_origin(cursor: Cursor) -> str:
    """Which database this is: another one has another origin, whatever is in it."""
    cursor.execute("SELECT system_identifier || '/' || current_database() FROM pg_control_system()")
    return str(cursor.fetchone()[0])  # type: ignore[index]
