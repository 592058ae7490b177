"""An environment in six numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tickstock.db import statement

if TYPE_CHECKING:
    from tickstock.db import Connection


class Summary(NamedTuple):
    """Counts of groups by type, of distinct stocks, and of memberships."""

    etfs: int
    universes: int
    sectors: int
    themes: int
    stocks: int
    relationships: int


def read_summary(connection: Connection) -> Summary:
    """Count what the session's environment (``tickstock.environment``) holds; all zero where it holds nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statement("reports/summary"))
        return Summary._make(cursor.fetchone())  # type: ignore[arg-type]
