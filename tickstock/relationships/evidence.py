"""The files that say which sector a stock is in: a person's overrides, issuers' files, a classification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.checksum import file_checksum
from tickstock.errors import BadInputError
from tickstock.relationships.inputs import Inputs, reserved, sector_inputs
from tickstock.relationships.sectors import Evidence, Found, Method, rules

if TYPE_CHECKING:
    from tickstock.db import Connection
    from tickstock.sources.folder import Candidate
    from tickstock.sources.records import Problem, Source

# Only a file with one of these words in its first lines can tell anything about a stock beside its weight.
_TELLING = (b"sector", b"name", b"company")
_MOST_PROBLEMS = 20


class EvidenceFiles(NamedTuple):
    """The folder of the funds, and the two files; None: those of the folder, else of the repository, if any."""

    folder: Path
    classification: Path | None = None
    overrides: Path | None = None


class _Lists(NamedTuple):
    """The files that there are: the two lists (None: a run does not look at it), and the funds that tell something."""

    overrides: Path | None
    classification: Path | None
    funds: tuple[Candidate, ...]
    odd: tuple[str, ...]
    checksum: str


def sector_method_inputs(connection: Connection, files: EvidenceFiles, build: bool) -> Inputs:
    """The sector groups, with the evidence for their members. ``build``: overrides and symbol rules alone.

    An issuer's file that cannot be read is a warning: the loader of funds says what is wrong with it.

    Raises:
        BadInputError: the folder, or a file that was named, does not exist.
    """
    lists = _find(files, build)
    sources = {"symbol_rule"} if build else {"symbol_rule", "sector_etf", "issuer_file"}
    if lists.overrides:
        sources.add("override")
    if lists.classification:
        sources.add("classification")
    path = (lists.classification or files.folder).absolute()
    method = Method(partial(_read, lists), frozenset(sources), path, lists.checksum, build)
    return sector_inputs(connection)._replace(method=method)


def check_evidence(files: EvidenceFiles) -> None:
    """Read all evidence and forget it, before a run that comes to the sectors last.

    Raises:
        BadInputError: something is wrong with it; every problem is listed.
    """
    if problems := _read(_find(files, build=False)).problems:
        raise BadInputError("\n".join(map(str, problems)))


def _find(files: EvidenceFiles, build: bool) -> _Lists:
    from tickstock.sources.files import bytes_of
    from tickstock.sources.records import UnusableError

    overrides = _usual(files.overrides, "--overrides", reserved(files.folder, "sector_overrides.csv"))
    classification = None
    funds: dict[Candidate, str] = {}
    odd: list[str] = []
    if not build:
        usual = reserved(files.folder, "stock_classification.csv")
        classification = _usual(files.classification, "--classification", usual)
        funds, odd = _telling_funds(files.folder)
    checksums = []
    for path in filter(None, (overrides, classification)):
        try:
            checksums.append(file_checksum(bytes_of(path)))
        except UnusableError:
            checksums.append("unreadable")  # reading it tells why
    whole = file_checksum(json.dumps([[*checksums, *funds.values()], *rules()]).encode())
    return _Lists(overrides, classification, tuple(funds), tuple(odd), whole)


def _usual(named: Path | None, option: str, usual: Path) -> Path | None:
    """The file that was named, else the usual one. That the latter is not there is no error."""
    if named and not named.is_file():
        found = "a folder" if named.is_dir() else "no such file"
        raise BadInputError(f"{named}: found {found}, expected a CSV with symbol,sector,industry; check {option}")
    return named or (usual if usual.is_file() else None)


def _telling_funds(folder: Path) -> tuple[dict[Candidate, str], list[str]]:
    """The funds whose files say more of a stock than its weight, with checksums; and what cannot be looked at."""
    from tickstock.sources.files import bytes_of
    from tickstock.sources.folder import scan
    from tickstock.sources.records import UnusableError
    from tickstock.sources.registry import read_universe_registry

    telling: dict[Candidate, str] = {}
    odd: list[str] = []
    for candidate in scan(folder, "ETF", read_universe_registry(reserved(folder, "universes.csv"))).candidates:
        try:
            data = bytes_of(candidate.path)
        except UnusableError as error:
            odd.append(f"left out as a source of sectors: {error.problem(candidate.path)}")
            continue
        start = data[:8192].lower()
        if start.startswith(b"pk") or any(word in start for word in _TELLING):
            telling[candidate] = file_checksum(data)
    return telling, odd


def _read(lists: _Lists) -> Found:
    from tickstock.sources.folder import read as read_fund

    evidence: list[Evidence] = []
    warnings = list(lists.odd)
    problems: list[Problem] = []
    for source, path in (("override", lists.overrides), ("classification", lists.classification)):
        if path:
            evidence.extend(_listed(path, source, warnings, problems))
    for candidate in lists.funds:
        fund = read_fund(candidate)
        if fund.problems:
            warnings.append(f"left out as a source of sectors: {fund.problems[0]}")
            continue
        problems.extend(list(_take(evidence, fund))[:_MOST_PROBLEMS])
    return Found([*evidence, *rules()], warnings, problems)


def _listed(path: Path, source: str, warnings: list[str], problems: list[Problem]) -> Iterator[Evidence]:
    from tickstock.sources.classification import read_classification

    found = read_classification(path, source)
    problems.extend(found.problems)
    warnings.extend(f"{path.name}: {warning}" for warning in found.warnings)
    for row in found.rows:
        yield Evidence(row.symbol, source, row.sector or None, row.industry or None, row.name or None, path.name)


def _take(evidence: list[Evidence], source: Source) -> Iterator[Problem]:
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
            evidence.append(
                Evidence(holding.symbol, "issuer_file", sector, None, name, origin, source.as_of, holding.weight)
            )
