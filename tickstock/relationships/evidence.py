"""The files that say which sector a stock is in: a person's overrides, issuers' files, a classification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.checksum import file_checksum
from tickstock.errors import BadInputError
from tickstock.relationships.inputs import Inputs, reserved, sector_inputs
from tickstock.relationships.sectors import Evidence, Method, rules

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.sources.records import Problem, Source

# Only a file with one of these words in its first lines can tell anything about a stock beside its weight.
_TELLING = (b"sector", b"name", b"company")
_MOST_PROBLEMS = 20


class EvidenceFiles(NamedTuple):
    """The folder of the funds, and the two files; None: those of the folder, else of the repository, if any."""

    folder: Path
    classification: Path | None = None
    overrides: Path | None = None


class _Read(NamedTuple):
    evidence: list[Evidence]
    sources: set[str]
    checksums: list[str]
    problems: list[Problem]
    warnings: list[str]


def sector_method_inputs(connection: Connection, files: EvidenceFiles, build: bool) -> Inputs:
    """The sector groups, with the evidence for their members. ``build``: overrides and symbol rules alone.

    An issuer's file that cannot be read is a warning: the loader of funds says what is wrong with it.

    Raises:
        BadInputError: the folder, or a file that was named, does not exist.
    """
    read = _Read([], {"symbol_rule"}, [], [], [])
    _read_list(read, "override", files.overrides, reserved(files.folder, "sector_overrides.csv"))
    if not build:
        read.sources.update(("sector_etf", "issuer_file"))
        _read_issuers(read, files.folder)
        _read_list(read, "classification", files.classification, reserved(files.folder, "stock_classification.csv"))
    read.evidence.extend(rules())
    checksum = file_checksum(json.dumps([read.checksums, list(rules())]).encode())
    method = Method(tuple(read.evidence), frozenset(read.sources), files.folder, checksum, build)
    return sector_inputs(connection)._replace(
        warnings=tuple(read.warnings),
        problems=tuple(read.problems),
        bad_groups=("",) * len(read.problems),
        method=method,
    )


def _read_list(read: _Read, source: str, named: Path | None, usual: Path) -> None:
    """One of the two CSV files. That the usual one is not there is no error; a run then has not looked at it."""
    from tickstock.sources.classification import read_classification

    path = named or usual
    if not path.is_file():
        if named:
            option = "--overrides" if source == "override" else "--classification"
            expected = "expected a CSV with symbol,sector,industry"
            raise BadInputError(f"{path}: found no such file, {expected}; check {option}")
        return
    found = read_classification(path, source)
    read.sources.add(source)
    read.checksums.append(found.checksum)
    read.problems.extend(found.problems)
    read.warnings.extend(f"{path.name}: {warning}" for warning in found.warnings)
    read.evidence.extend(
        Evidence(row.symbol, source, row.sector or None, row.industry or None, row.name or None, path.name)
        for row in found.rows
    )


def _read_issuers(read: _Read, folder: Path) -> None:
    from tickstock.sources.files import bytes_of
    from tickstock.sources.folder import read as read_fund
    from tickstock.sources.folder import scan
    from tickstock.sources.records import UnusableError
    from tickstock.sources.registry import read_universe_registry

    for candidate in scan(folder, "ETF", read_universe_registry(reserved(folder, "universes.csv"))).candidates:
        try:
            data = bytes_of(candidate.path)
        except UnusableError as error:
            read.warnings.append(f"left out: {error.problem(candidate.path)}")
            continue
        start = data[:8192].lower()
        if not start.startswith(b"pk") and not any(word in start for word in _TELLING):
            continue
        source = read_fund(candidate)
        if source.problems:
            read.warnings.append(f"left out as a source of sectors: {source.problems[0]}")
            continue
        read.checksums.append(source.checksum)
        problems = list(_take(read, source))
        read.problems.extend(problems[:_MOST_PROBLEMS])


def _take(read: _Read, source: Source) -> Iterator[Problem]:
    """Take what a fund's file says of its holdings; yield the sectors that nobody knows."""
    from tickstock.sector_names import canonical_sector, is_no_sector
    from tickstock.sources.records import Problem, shown

    for holding in source.holdings:
        sector = None
        if not is_no_sector(holding.sector):
            try:
                sector = canonical_sector(holding.sector)
            except ValueError as error:
                found = f"the sector {shown(holding.sector)} of {holding.symbol}"
                yield Problem(source.path, holding.line, found, "one of the 11 GICS sectors", str(error))
                continue
        if sector or holding.name:
            name, origin = holding.name or None, source.path.name
            read.evidence.append(
                Evidence(holding.symbol, "issuer_file", sector, None, name, origin, source.as_of, holding.weight)
            )
