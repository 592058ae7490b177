"""Where the groups of each type come from: files of a folder, one file of themes, the GICS list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import BadInputError, NoInputError
from tickstock.relationships.staging import GroupInput
from tickstock.settings import REPOSITORY

if TYPE_CHECKING:
    from datetime import date

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
    earlier: tuple[tuple[GroupInput, ...], ...] = ()  # older files of the same groups, a tuple a load, the newest first
    beside_newer: bool = False  # these are such older files

    def older(self, on_record: Collection[tuple[str, str, date | None]]) -> Iterator[Inputs]:
        """The loads of the older files, one after the other, without those that are on record already.

        ``on_record`` has the group, checksum and as-of date of each file that was loaded.
        """
        loaded = {(group, checksum) for group, checksum, _ in on_record}
        for groups in self.earlier:
            new = []
            for each in groups:
                assert each.checksum is not None
                key = (each.name, each.checksum())
                if not ((*key, each.as_of) in on_record if each.as_of else key in loaded):
                    new.append(each)
            if new:
                # Groups without an older file are none of their business.
                yield Inputs(tuple(new), bad_groups=("",), beside_newer=True)


def etf_inputs(folder: Path, only: str | None = None, as_of: date | None = None) -> Inputs:
    """The funds of a folder, one alone where ``only`` names it; names come from ``funds.csv``.

    ``as_of`` is the date of all files, for those that do not say it themselves.

    Raises:
        BadInputError: the folder cannot be listed.
        NoInputError: it holds no fund, or not this one.
    """
    from tickstock.sources.folder import scan
    from tickstock.sources.registry import read_fund_names, read_universe_registry

    names = read_fund_names(reserved(folder, "funds.csv"))
    funds = {name.casefold(): etf for etf, name in names.items()}
    listing = scan(folder, "ETF", read_universe_registry(reserved(folder, "universes.csv")))

    def group(candidate: Candidate) -> GroupInput:
        candidate = _dated(candidate, as_of)
        return _group(candidate, names.get(candidate.group))._replace(read=partial(read_fund, candidate, funds))

    groups = tuple(group(candidate) for candidate in listing.candidates if only in (None, candidate.group))
    if not groups and only not in listing.bad_groups and not (only is None and listing.problems):
        wanted = f"{(only or '{etf}').lower()}_holdings.csv"
        raise NoInputError(f"{folder}: found no file for {only or 'any fund'}, expected {wanted}{_seen(listing)}")
    bad = [pair for pair in zip(listing.problems, listing.bad_groups, strict=True) if only in (None, pair[1])]
    return Inputs(
        groups,
        _warnings(listing),
        tuple(problem for problem, _ in bad),
        tuple(group for _, group in bad),
        earlier=_rounds(group(candidate) for candidate in listing.earlier if only in (None, candidate.group)),
    )


def universe_inputs(folder: Path, as_of: date | None = None) -> Inputs:
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

    def group(candidate: Candidate) -> GroupInput:
        return _group(_dated(candidate, as_of), registry[candidate.group])

    return Inputs(
        tuple(map(group, listing.candidates)),
        (*_warnings(listing), *([f"no file for these universes: {', '.join(missing)}"] if missing else [])),
        listing.problems,
        listing.bad_groups,
        earlier=_rounds(map(group, listing.earlier)),
    )


def theme_inputs(folder: Path, as_of: date | None = None) -> Inputs:
    """The themes of ``themes.csv``. Raises BadInputError where that cannot be read as a whole."""
    from tickstock.sources.themes import read_themes

    sources = read_themes(reserved(folder, "themes.csv"))
    return Inputs(
        tuple(
            GroupInput(
                name=source.group,
                description=source.title or None,
                checksum=partial(_checksum, source),
                read=partial(_itself, source._replace(as_of=as_of)),
                as_of=as_of,
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
        as_of=candidate.as_of or candidate.named,
    )


def _dated(candidate: Candidate, as_of: date | None) -> Candidate:
    """The candidate with the date that a person gave all files.

    Raises:
        BadInputError: its name says another.
    """
    if as_of and candidate.as_of not in (None, as_of):
        raise BadInputError(
            f"{candidate.path.name}: found the date {candidate.as_of} in its name, expected {as_of}, as --as-of says; "
            "leave --as-of out, or take the file out of the folder"
        )
    return candidate._replace(as_of=as_of) if as_of else candidate


def _rounds(groups: Iterable[GroupInput]) -> tuple[tuple[GroupInput, ...], ...]:
    """Files of groups, the newest of a group first, as one tuple for the first of each, one for the second, …"""
    rounds: list[list[GroupInput]] = []
    counts: Counter[str] = Counter()
    for group in groups:
        if counts[group.name] == len(rounds):
            rounds.append([])
        rounds[counts[group.name]].append(group)
        counts[group.name] += 1
    return tuple(map(tuple, rounds))


def read_fund(candidate: Candidate, funds: Mapping[str, str]) -> Source:
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
