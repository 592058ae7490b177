"""The manifest of a backup: what it is of, and what must be in the tables once it is restored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from tickstock.backups.contents import Content
from tickstock.checksum import file_checksum
from tickstock.errors import BadInputError

FORMAT = 1


class Manifest(NamedTuple):
    """What stands in ``manifest.json``.

    ``made_at`` and ``changed_at`` are times in UTC as text; ``changed_at`` is when ``data_version`` came to be, None
    where nothing ever changed. ``origin`` is the server's system identifier and the name of the database.
    ``highest_numbers`` is :func:`tickstock.backups.contents.read_highest_numbers`; ``bytes`` and ``checksum`` are the
    dump's.
    """

    made_at: str
    tool_version: str
    server_version: str
    dump_version: str
    origin: str
    data_version: int
    changed_at: str | None
    migrations: tuple[str, ...]
    highest_numbers: dict[str, int]
    tables: dict[str, Content]
    bytes: int
    checksum: str

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(content.rows for content in self.tables.values())


def as_text(manifest: Manifest) -> str:
    """The manifest as it is written, with a checksum of itself."""
    tables = {name: content._asdict() for name, content in manifest.tables.items()}
    document = {"format": FORMAT, **manifest._asdict(), "tables": tables}
    return json.dumps({**document, "manifest_checksum": _checksum(document)}, indent=2) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        BadInputError: there is none, it was edited or is damaged, or a newer version of the suite wrote it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found, version = document.pop("manifest_checksum"), document.pop("format")
    except FileNotFoundError:
        raise BadInputError(f"{path.parent} is no backup: it has no {path.name}") from None
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInputError(f"{path} is damaged, or no manifest of a backup; take another backup") from None
    if version != FORMAT:
        raise BadInputError(f"{path} has format {version}, expected {FORMAT}; use the version that wrote it")
    if found != _checksum({"format": version, **document}):
        raise BadInputError(f"{path} was edited, or is damaged: it has another checksum than when it was written")
    return _from_document(document)


def _from_document(document: dict[str, Any]) -> Manifest:
    tables = {
        name: Content(tuple(table["columns"]), table["rows"], table["fingerprint"])
        for name, table in document["tables"].items()
    }
    return Manifest(**{**document, "migrations": tuple(document["migrations"]), "tables": tables})


def _checksum(document: dict[str, Any]) -> str:
    return file_checksum(json.dumps(document, sort_keys=True).encode())
