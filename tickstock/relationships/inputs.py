"""Where the groups of each type come from: files of a folder, one file of themes, the GICS list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import BadInputError, NoInputError
from tickstock.relationships.staging import GroupInput
from tickstock.settings import REPOSITORY

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.relationships.sectors import Method
    from tickstock.sources.folder import Candidate, Listing
    from tickstock.sources.records import Problem, Source


class Inputs(NamedTuple):
    """The groups that a load wants, with what was odd or wrong while looking for them."""

    groups: tuple[GroupInput, ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    bad_groups: tuple[str, ...] = ()  # of the problems; empty where nobody can tell
    method: Method | None = None  # gives the groups their rows, from evidence and what is stored


def etf_inputs(folder: Path, only: str | None = None) -> Inputs:
    """The funds of a folder, one alone where ``only`` names it; names come from ``funds.csv``.

    Raises:
        BadInputError: the folder cannot be listed.
        NoInputError: it holds no fund, or not this one.
    """
    from tickstock.sources.folder import scan
    from tickstock.sources.registry import read_fund_names, read_universe_registry

    names = read_fund_names(reserved(folder, "funds.csv"))
    funds = {name.casefold(): etf for etf, name in names.items()}
    listing = scan(folder, "ETF", read_universe_registry(reserved(folder, "universes.csv")))
    groups = tuple(
        _group(candidate, names.get(candidate.group))._replace(read=partial(_read_fund, candidate, funds))
        for candidate in listing.candidates
        if only in (None, candidate.group)
    )
    if not groups and only not in listing.bad_groups and not (only is None and listing.problems):
        wanted = f"{(only or '{etf}').lower()}_holdings.csv"
        raise NoInputError(f"{folder}: found no file for {only or 'any fund'}, expected {wanted}{_seen(listing)}")
    bad = [pair for pair in zip(listing.problems, listing.bad_groups, strict=True) if only in (None, pair[1])]
    return Inputs(groups, _warnings(listing), tuple(problem for problem, _ in bad), tuple(group for _, group in bad))


def universe_inputs(folder: Path) -> Inputs:
    """The universes of a folder: the files named in ``universes.csv``. Those without a file are a warning.

    Raises:
        BadInputError: the folder cannot be listed.
        NoInputError: it holds no universe.
    """
    from tickstock.sources.folder import scan
    from tickstock.sources.registry import read_universe_registry

    registry = read_universe_registry(reserved(folder, "universes.csv"))
    listing = scan(folder, "UNIVERSE", registry)
    if not listing.candidates and not listing.problems:
        raise NoInputError(f"{folder}: found no universe, expected {', '.join(f'{name}.csv' for name in registry)}")
    found = {candidate.group for candidate in listing.candidates}
    missing = [f"{name}.csv" for name in registry if name not in found]
    return Inputs(
        tuple(_group(candidate, registry[candidate.group]) for candidate in listing.candidates),
        (*_warnings(listing), *([f"no file for these universes: {', '.join(missing)}"] if missing else [])),
        listing.problems,
        listing.bad_groups,
    )


def theme_inputs(folder: Path) -> Inputs:
    """The themes of ``themes.csv``. Raises BadInputError where that cannot be read as a whole."""
    from tickstock.sources.themes import read_themes

    sources = read_themes(reserved(folder, "themes.csv"))
    return Inputs(
        tuple(
            GroupInput(
                name=source.group,
                description=source.title or None,
                checksum=partial(_checksum, source),
                read=partial(_itself, source),
            )
            for source in sources
            if source.group
        ),
        problems=tuple(problem for source in sources if not source.group for problem in source.problems),
        bad_groups=tuple("" for source in sources if not source.group for problem in source.problems),
    )


def sector_inputs(connection: Connection) -> Inputs:
    """The 11 GICS sectors and ``unknown``, as the migrations define them. They bring no members."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, description, industries FROM gics_sectors()")
        return Inputs(
            tuple(
                GroupInput(name, description, json.dumps({"source": "gics", "industries": industries}))
                for name, description, industries in cursor.fetchall()
            )
        )


def reserved(folder: Path, name: str) -> Path:
    """The file with this reserved name: the folder's own, else the one that comes with the suite.

    Raises:
        BadInputError: there is no such folder.
    """
    if not folder.is_dir():
        found, hint = ("a file", "name its folder") if folder.exists() else ("no such folder", "check the path")
        raise BadInputError(f"{folder}: found {found}, expected a folder with input files; {hint}")
    own = folder / name
    return own if own.is_file() else REPOSITORY / "holdings" / name


def _group(candidate: Candidate, description: str | None) -> GroupInput:
    from tickstock.sources.folder import checksum_of, read

    return GroupInput(
        name=candidate.group,
        description=description,
        checksum=partial(checksum_of, candidate.path),
        read=partial(read, candidate),
    )


def _read_fund(candidate: Candidate, funds: Mapping[str, str]) -> Source:
    """Read a fund; one whose file gives it the name of another (``funds``: name -> fund) has a problem."""
    from tickstock.sources.folder import read
    from tickstock.sources.records import Problem

    source = read(candidate)
    titled = funds.get(source.title.casefold(), candidate.group)
    if titled == candidate.group:
        return source
    problem = Problem(
        source.path, None, f"{source.title} ({titled}) inside", candidate.group,
        f"rename the file to {titled.lower()}_holdings{source.path.suffix.lower()}, or download the other fund",
    )  # fmt: skip
    return source._replace(problems=(*source.problems, problem))


def _checksum(source: Source) -> str:
    return source.checksum


def _itself(source: Source) -> Source:
    return source


def _warnings(listing: Listing) -> tuple[str, ...]:
    return (*listing.warnings, *(f"ignored {path.name}: {reason}" for path, reason in listing.ignored))


def _seen(listing: Listing) -> str:
    if not listing.ignored:
        return ""
    return f" (ignored: {', '.join(ignored.path.name for ignored in listing.ignored[:5])})"
