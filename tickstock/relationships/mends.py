"""The command that mends a finding, with the files that the data came from."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from tickstock.settings import REPOSITORY

if TYPE_CHECKING:
    from tickstock.db import Cursor

_SHIPPED = REPOSITORY / "holdings"
_READS_FILES = {
    "load_etf_holdings": "ETF",
    "load_universes": "UNIVERSE",
    "organize_universe": "THEME",
    "build_stock_metadata": "SECTOR",
    "enrich_sectors": "SECTOR",
}
_LOADERS = {"ETF": "load_etf_holdings", "UNIVERSE": "load_universes", "THEME": "organize_universe"}
_TICKER = re.compile(r"[A-Z][A-Z0-9.]*")


def reload(type_: str, mode: str, group: str | None = None) -> str:
    """The command that loads a type, of funds the one ``group`` alone, as those of ``sql/checks/`` are written."""
    only = f" --etf {group}" if type_ == "ETF" and group and _TICKER.fullmatch(group) else ""
    return f"python scripts/cache_maintenance/{_LOADERS[type_]}.py{only} --mode {mode}"


class Origin(NamedTuple):
    """Where an environment's data came from: the path of the last file of each type, as its load put it on record."""

    environment: str
    paths: dict[str, Path]

    def complete(self, mend: str) -> str:
        """A command of ``sql/checks/`` with its environment and its files; SQL, which has ids in it, as it is."""
        if not mend.startswith("python "):
            return mend
        script = Path(mend.split()[1]).stem
        words = [mend]
        if folder := self._folder(_READS_FILES.get(script, "")):
            words.append(f"--holdings-dir {quote(str(folder))}")
        usual = (_SHIPPED, self._folder("ETF") or _SHIPPED)
        evidence = self.paths.get("SECTOR")
        if script == "enrich_sectors" and evidence and evidence.suffix == ".csv" and evidence.parent not in usual:
            words.append(f"--classification {quote(str(evidence))}")
        if self.environment != "DEFAULT":
            words.append(f"--environment {quote(self.environment)}")
        return " ".join(words)

    def _folder(self, type_: str) -> Path | None:
        """The folder that the files of a type came from; None for the one that is the default."""
        path = self.paths.get("ETF" if type_ in ("SECTOR", "THEME") else type_)
        return path.parent if path and path.parent != _SHIPPED else None


def read_origin(cursor: Cursor, environment: str) -> Origin:
    """Look it up in the record of the loads."""
    # From the groups that there are or were: of each, only the end of its row of files is looked at.
    cursor.execute(
        "SELECT DISTINCT ON (r.type) r.type, f.path"
        "  FROM (SELECT DISTINCT group_id FROM membership_versions WHERE symbol IS NULL) g"
        " CROSS JOIN LATERAL (SELECT * FROM last_files WHERE group_id = g.group_id LIMIT 1) f"
        "  JOIN load_runs r ON r.id = f.load_id"
        " WHERE r.environment = %s AND f.format <> 'cache_entries' ORDER BY r.type, f.id DESC",
        (environment,),
    )
    return Origin(environment, {type_: Path(path) for type_, path in cursor.fetchall()})
