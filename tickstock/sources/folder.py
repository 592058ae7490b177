"""Which files of a folder are funds and which universes: by their names, or else by what stands inside."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tickstock.errors import BadInputError
from tickstock.sources.detect import Layout, detect
from tickstock.sources.files import Candidate, bytes_of, checksum_of, read
from tickstock.sources.records import Problem, UnusableError
from tickstock.sources.table import open_table

__all__ = ["Candidate", "Ignored", "Listing", "checksum_of", "read", "scan"]

RESERVED = frozenset(
    {"themes.csv", "funds.csv", "universes.csv", "sector_overrides.csv", "stock_classification.csv"}
)
_TABLES = frozenset({".csv", ".xlsx"})
_LISTS = frozenset({".csv", ".xlsx", ".txt"})

# A date, and the number that a browser gives to a second download.
_DATE = r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}"
_REST = rf"(?:[_@-]{_DATE})?(?: ?\([0-9]+\))?"
_DATED = re.compile(rf"(.+)([_@-])({_DATE})(?: ?\([0-9]+\))?")
_OWN_NAME = re.compile(r"[a-z][a-z0-9.]{0,9}_holdings", re.IGNORECASE)
# IVV_holdings_2025-11-18, holdings-daily-us-en-spy_2025-11-18, ARK_INNOVATION_ETF_ARKK_HOLDINGS
_FUND_NAMES = (
    re.compile(rf"([a-z][a-z0-9.]{{0,9}})_holdings{_REST}", re.IGNORECASE),
    re.compile(rf"holdings-daily-[a-z]{{2}}-[a-z]{{2}}-([a-z][a-z0-9.]{{0,9}}){_REST}", re.IGNORECASE),
    re.compile(rf"ark_\w+_([a-z]{{4}})_holdings{_REST}", re.IGNORECASE),
)
_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}")
_LEADING = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,9}(?=[_ (-])")


class Ignored(NamedTuple):
    """A file that is not read, and why."""

    path: Path
    reason: str


class Listing(NamedTuple):
    """What a folder holds for one kind of group; candidates sorted by group, one a group.

    ``earlier`` are files of the same groups with older dates, the newest first.
    """

    candidates: tuple[Candidate, ...]
    ignored: tuple[Ignored, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    bad_groups: tuple[str, ...] = ()
    """The group of each problem, in the same order; empty where nobody can tell."""
    earlier: tuple[Candidate, ...] = ()


def scan(folder: Path, kind: str, registry: Mapping[str, str]) -> Listing:
    """Sort the files of a folder (not of its sub-folders) for ``kind`` ``ETF`` or ``UNIVERSE``.

    ``registry`` maps the names of the universes to their descriptions. Files of the other kind, reserved
    names, README, LICENSE and hidden files are passed over in silence. Raises BadInputError where the folder
    cannot be listed.
    """
    found: dict[str, list[Path]] = {}
    ignored: list[Ignored] = []
    problems: list[Problem] = []
    bad_groups: list[str] = []
    for path, is_file in _files(folder):
        name, suffix = _undated(path).casefold(), path.suffix.casefold()
        is_universe = name in registry and suffix in _LISTS
        if not is_file:
            if is_universe == (kind == "UNIVERSE") and suffix in _LISTS:
                problems.append(Problem(path, None, "no regular file", "a file", "take it out of the folder"))
                bad_groups.append(name if is_universe else _fund_in_name(path))
            continue
        group = name if is_universe else _fund_of(path, ignored)
        if group and is_universe == (kind == "UNIVERSE"):
            found.setdefault(group, []).append(path)
    candidates: list[Candidate] = []
    earlier: list[Candidate] = []
    for group, paths in sorted(found.items()):
        try:
            newest, *older = _by_date([_candidate(path, kind, group) for path in paths])
        except UnusableError as error:
            problems.append(error.problem(paths[0]))
            bad_groups.append(group)
        else:
            candidates.append(newest)
            earlier += older
    warnings = tuple(warning for candidate in candidates if (warning := _spelling(candidate)))
    return Listing(
        tuple(candidates), tuple(sorted(ignored)), tuple(problems), warnings, tuple(bad_groups), tuple(earlier)
    )


def _files(folder: Path) -> Iterator[tuple[Path, bool]]:
    """What the folder shows, sorted by name, and whether it is a file (and not a pipe or a dead link)."""
    for entry in sorted(_entries(folder), key=lambda entry: entry.name):
        name = entry.name.casefold()
        if name in RESERVED or name.startswith((".", "~$", "readme", "license")):
            continue
        yield Path(entry.path), _is_file(entry)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link into a folder that may not be entered
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError as error:
        raise BadInputError(f"{folder}: found no such folder, expected one; check the path") from error
    except NotADirectoryError as error:
        raise BadInputError(f"{folder}: found a file, expected a folder; name its folder") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"{folder}: found a folder that cannot be listed ({reason}), expected a readable one; "
            "check its permissions"
        ) from error


def _fund_of(path: Path, ignored: list[Ignored]) -> str:
    """The fund that a file belongs to, from its name or else from inside; empty where it is ignored."""
    if path.suffix.casefold() not in _TABLES:
        ignored.append(Ignored(path, f"expected {_expected_name(path)}"))
        return ""
    if fund := _fund_in_name(path):
        return fund
    try:
        fund = _layout(path).fund
    except UnusableError as error:
        # A web page or a broken workbook would be no fund under the right name either.
        advice = error.hint if error.hint.startswith("download") else f"expected {_expected_name(path)}"
        ignored.append(Ignored(path, f"found {error.found}; {advice}"))
        return ""
    if not _TICKER.fullmatch(fund):
        ignored.append(Ignored(path, f"expected {_expected_name(path)}"))
        return ""
    return fund


def _fund_in_name(path: Path) -> str:
    """The fund that a file's name says, in upper case; empty where it says none."""
    matches = (pattern.fullmatch(path.stem) for pattern in _FUND_NAMES)
    return next((match[1].upper() for match in matches if match), "")


def _layout(path: Path) -> Layout:
    return detect(open_table(bytes_of(path)), "ETF")


def _expected_name(path: Path) -> str:
    suffix = path.suffix.casefold() if path.suffix.casefold() in _TABLES else ".csv"
    leading = _LEADING.match(path.stem)
    fund = leading[0].lower() if leading else "{etf}"
    return f"{fund}_holdings{suffix} for a fund, or a name from the registry of universes"


def _undated(path: Path) -> str:
    """A file's name without its suffix and the date after an @."""
    match = _DATED.fullmatch(path.stem)
    return match[1] if match and match[2] == "@" else path.stem


def _candidate(path: Path, kind: str, group: str) -> Candidate:
    """The file with the date in its name. Raises UnusableError for a day that does not exist."""
    match = _DATED.fullmatch(path.stem)
    if match is None:
        return Candidate(path, kind, group)
    try:
        day = date.fromisoformat(match[3])
    except ValueError:
        if match[2] == "@":
            expected = "a day of the calendar, as in @2025-06-30"
            raise UnusableError(f"the date {match[3]} in the name {path.name}", expected, "rename the file") from None
        return Candidate(path, kind, group)
    return Candidate(path, kind, group, as_of=day) if match[2] == "@" else Candidate(path, kind, group, named=day)


def _by_date(candidates: list[Candidate]) -> list[Candidate]:
    """The files of one group, the newest first. One without a date is the newest beside files dated with an @.

    Raises:
        UnusableError: nobody can tell which of two is newer.
    """
    if len(candidates) == 1:
        return candidates
    dates = [candidate.as_of or read(candidate).as_of for candidate in candidates]
    same_name = len({candidate.path.name.casefold() for candidate in candidates}) < len(candidates)
    told_apart = None not in dates or sum(candidate.as_of is None for candidate in candidates) == 1
    if len({*dates}) < len(dates) or same_name or not told_apart:
        group = candidates[0].group
        found = f"{len(candidates)} files for {group} ({', '.join(each.path.name for each in candidates)})"
        raise UnusableError(found, "one", "take the others out of the folder")
    dated = sorted(zip(dates, candidates, strict=True), key=lambda pair: pair[0] or date.max, reverse=True)
    return [candidate for _, candidate in dated]


def _spelling(candidate: Candidate) -> str:
    """A warning for the project's own file name in upper case; an issuer's own name is right as it is."""
    path = candidate.path
    if path.name == path.name.lower():
        return ""
    if candidate.kind == "ETF":
        if not _OWN_NAME.fullmatch(path.stem):
            return ""
        try:
            if _layout(path).format != "plain":
                return ""
        except UnusableError:
            return ""  # reading it reports why
    return f"{path.name}: expected {path.name.lower()}"
