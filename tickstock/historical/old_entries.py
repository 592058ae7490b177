"""The entries of an old database: which become groups, which are computed, and which nobody can tell.

``docs/old_database.md`` has the table of it. Nothing here writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.historical.entry_rules import ETFS, FUNDS, STATISTICS, STOCKS, THEME_GROUPS, THEMES
from tickstock.sources.records import shown
from tickstock.symbols import symbol_of

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.sources.records import Source

TYPES = ("ETF", "UNIVERSE", "THEME")
HOLDINGS = "etf_holdings"  # the type of an old application's funds
SOURCE = "cache_entries"  # in a group's metadata, and the format of its file on record

COMPUTED, FOREIGN, UNCLEAR = "computed", "foreign", "unclear"

# Keys that say what the value is, and not which group it is.
_GENERIC = frozenset({"list", "symbols", "tickers", "stocks", "members", "holdings", "etfs", "universe", "all"})
_COMPUTED_NAMES = frozenset({"market_cap", "sector_leaders", "market_leaders", "industry", "complete"})
_SECTOR_NAMES = frozenset({"sector", "sectors"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_RANKING = re.compile(r"top_[0-9]+(?:_.*)?")

# The value is fetched only where it may be a group's.
_READ = """
    SELECT COALESCE(type, ''), COALESCE(name, ''), COALESCE(key, ''),
           CASE WHEN type IN ('themes', 'stock_universe', 'etf_universe', 'etf_holdings') THEN value::text END
      FROM cache_entries c
     WHERE COALESCE(to_jsonb(c) - 'value' ->> 'environment', %(environment)s) = %(environment)s
     ORDER BY type COLLATE "C", name COLLATE "C", key COLLATE "C"
"""


class Place(NamedTuple):
    """Where an entry is."""

    type: str
    name: str
    key: str

    def __str__(self) -> str:
        return " | ".join(" ".join(part.split()) for part in self)


class Registry(NamedTuple):
    """What is known of groups by name: descriptions of the universes, names of the funds."""

    universes: Mapping[str, str] = {}
    funds: Mapping[str, str] = {}


class Target(NamedTuple):
    """The group that an entry is of."""

    type: str
    name: str
    description: str | None = None


class Left(NamedTuple):
    """An entry that becomes no group. ``kind`` is ``computed``, ``foreign`` (an application's own) or ``unclear``."""

    place: Place
    kind: str
    reason: str


class OldGroup(NamedTuple):
    """A group that the entries at ``places`` hold: two for a theme, which is there twice."""

    target: Target
    places: tuple[Place, ...]
    source: Source


class OldEntries(NamedTuple):
    """All entries of a database, each either in a group or left."""

    groups: tuple[OldGroup, ...]
    left: tuple[Left, ...]

    def of(self, type_: str) -> tuple[OldGroup, ...]:
        return tuple(group for group in self.groups if group.target.type == type_)

    def left_as(self, kind: str) -> tuple[Left, ...]:
        return tuple(left for left in self.left if left.kind == kind)


def read_entries(connection: Connection, environment: str, registry: Registry) -> OldEntries:
    """Read ``cache_entries``; entries without an environment of their own are of every environment."""
    from tickstock.historical.old_values import read_value

    found: dict[tuple[str, str], list[tuple[Place, Target, Source]]] = {}
    left = []
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"environment": environment})
        for *names, value in cursor.fetchall():
            place = Place(*names)
            target = target_of(place, registry)
            if isinstance(target, Target):
                source = read_value(path_of(place), target, value or "null")
                if isinstance(source, str):
                    left.append(Left(place, UNCLEAR, source))
                else:
                    found.setdefault(target[:2], []).append((place, target, source))
            else:
                left.append(target)
    groups = []
    for held in found.values():
        places = tuple(place for place, _, _ in held)
        target = max((target for _, target, _ in held), key=lambda target: target.description is not None)
        if len({source.checksum for _, _, source in held}) == 1:
            groups.append(OldGroup(target, places, held[0][2]))
        else:
            left += _contradictions(target, places)
    return OldEntries(tuple(sorted(groups, key=lambda group: group.target[:2])), tuple(sorted(left)))


def target_of(place: Place, registry: Registry) -> Target | Left:
    """The group that an entry at this place is of, by the place alone; or why it is of none."""
    if _is_computed(place):
        return Left(place, COMPUTED, "computed from symbols and groups, run_cache_synchronization.py writes it")
    if place.type == STOCKS and place.name in _SECTOR_NAMES:
        return Left(place, COMPUTED, "enrich_sectors.py finds each stock's sector from evidence")
    if place.type == THEMES:
        return _theme(place, place.key if _is_generic(place.name) else place.name)
    if place.type == HOLDINGS or (place.type == ETFS and place.key == "holdings"):
        return _fund(place, registry)
    if place.type == STOCKS and place.name in ("themes", "theme"):
        return _theme(place, place.key)
    if place.type in (STOCKS, ETFS):
        return _universe(place, registry)
    return Left(place, FOREIGN, "an application's own")


def _is_computed(place: Place) -> bool:
    if place.type == ETFS:
        return place.name == "complete" or (place.name, place.key) in FUNDS
    return place.type == STATISTICS or (place.type == STOCKS and place.name in _COMPUTED_NAMES)


def path_of(place: Place) -> Path:
    """What stands for the file of an entry, in the record and in messages: ``cache_entries/themes | AI | list``."""
    return Path(SOURCE, " | ".join(part[:60].replace("/", "_").replace("\\", "_") for part in place))


def _theme(place: Place, raw: str) -> Target | Left:
    name = _snake(raw)
    if _is_generic(raw) or not _NAME.fullmatch(name):
        return _no_name(place, raw, "a theme", "crypto_miners")
    return Target("THEME", THEME_GROUPS.get(name, name))


def _fund(place: Place, registry: Registry) -> Target | Left:
    raw = place.key if _is_generic(place.name) else place.name
    symbol = "" if _is_generic(raw) else symbol_of(raw)
    if not symbol:
        return _no_name(place, raw, "a fund", "SPY")
    return Target("ETF", symbol, registry.funds.get(symbol))


def _universe(place: Place, registry: Registry) -> Target | Left:
    raw = place.name if _is_generic(place.key) else place.key
    name = _snake(raw)
    # S&P 500, SP-500 and sp_500 are all the universe sp500.
    name = name.replace("_", "") if name.replace("_", "") in registry.universes else name
    if _RANKING.fullmatch(name):
        return Left(place, COMPUTED, "a ranking; run_cache_synchronization.py computes them")
    if _is_generic(raw) or not _NAME.fullmatch(name):
        return _no_name(place, raw, "a universe", "sp500")
    titled = place.name if place.type == ETFS and raw == place.key else None
    return Target("UNIVERSE", name, registry.universes.get(name, titled))


def _is_generic(raw: str) -> bool:
    return raw.strip().casefold() in _GENERIC


def _snake(raw: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", raw.casefold()).strip("_")


def _no_name(place: Place, raw: str, what: str, example: str) -> Left:
    return Left(place, UNCLEAR, f"found {shown(raw)} as the name of {what}, expected one like {example}")


def _contradictions(target: Target, places: tuple[Place, ...]) -> list[Left]:
    def others(place: Place) -> str:
        return ", ".join(str(other) for other in places if other != place)

    what, hint = f"{target.type} {target.name} is also", "delete the one that is out of date, then try again"
    return [Left(place, UNCLEAR, f"{what} at {others(place)}, with other members; {hint}") for place in places]
