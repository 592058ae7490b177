"""Groups put into the tables with plain SQL, as an application does it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from tests.stored import query
from tickstock.db import Connection


def put_group(
    connection: Connection,
    type_: str,
    name: str,
    members: Mapping[str, object] | Iterable[str] = (),
    description: str | None = None,
    environment: str = "DEFAULT",
) -> None:
    """A group with its members: symbols, or symbol -> weight."""
    weights = members if isinstance(members, Mapping) else dict.fromkeys(members)
    ((group_id,),) = query(
        connection,
        "INSERT INTO definition_groups (type, name, description, environment) VALUES (%s, %s, %s, %s) RETURNING id",
        type_, name, description, environment,
    )  # fmt: skip
    query(
        connection,
        "INSERT INTO group_memberships (group_id, symbol, weight) SELECT %s, * FROM unnest(%s::text[], %s::numeric[])",
        group_id, list(weights), list(weights.values()),
    )  # fmt: skip


def put_sector(
    connection: Connection, symbol: str, sector: str, environment: str = "DEFAULT", **evidence: object
) -> None:
    """A stock's row in one of the sector groups that are there from the migration on."""
    query(connection, "SELECT create_sector_groups(%s)", environment)
    query(
        connection,
        "INSERT INTO group_memberships (group_id, symbol, metadata) SELECT id, %s, %s FROM definition_groups"
        " WHERE type = 'SECTOR' AND name = %s AND environment = %s",
        symbol, json.dumps(evidence), sector, environment,
    )  # fmt: skip
