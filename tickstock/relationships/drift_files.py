"""What the file of a group says now: the file at the path on record, or the folder's file for the group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickstock.errors import BadInputError
from tickstock.relationships.drift import Event, Record

if TYPE_CHECKING:
    from tickstock.relationships.inputs import Inputs
    from tickstock.relationships.staging import GroupInput
    from tickstock.sources.records import Problem, Source

TYPES = ("ETF", "UNIVERSE", "THEME")
SAME, CHANGED, GONE, UNKNOWN = "same", "changed", "gone", "unknown"


class File(NamedTuple):
    """The file of a group, and how to read it.

    ``state``: ``same`` as on record, ``changed`` (or not readable), ``gone``, or ``unknown`` where it cannot be told
    which one it is. Reading gives None for a theme that has no line any more.
    """

    state: str
    read: Callable[[], Source | None]


def recorded_files(records: Sequence[Record]) -> list[File]:
    """The files at the paths on record, one for each record. Each path is looked at once."""
    states = cache(_checksum)
    themes = cache(_themes)
    funds = cache(_fund_names)
    files = []
    for record in records:
        if record.migrated:
            files.append(File(UNKNOWN, _nothing))
            continue
        path = Path(record.path)
        found = states(path)
        state = GONE if found is None else SAME if found == record.checksum else CHANGED
        if record.renamed:
            state = UNKNOWN
        if record.type_then == "THEME":
            read: Callable[[], Source | None] = partial(_theme, themes, path, record.name_then)
        else:
            read = partial(_source, path, record.type_then, record.name_then, funds)
        files.append(File(state, read))
    return files


def folder_files(folder: Path, only: str | None, records: Sequence[Record]) -> tuple[list[File], list[Event]]:
    """The files of a folder, one for each record, as the loaders find them; and what else is odd about the folder.

    Raises:
        BadInputError: there is no such folder, or it cannot be listed.
    """
    from tickstock.relationships.inputs import reserved

    reserved(folder, "themes.csv")
    wanted: dict[tuple[str, str], GroupInput] = {}
    events: list[Event] = []
    silent: set[tuple[str, str]] = set()  # of their files something else is said
    stored = {record.type_then for record in records}
    for type_ in TYPES:
        if type_ != "ETF" and (only or type_ not in stored):
            continue  # not asked for, or not in use here
        try:
            inputs = _inputs(type_, folder, only)
        except BadInputError as error:
            events.append(Event("file_unreadable", type_, only or "", str(error)))
            silent |= {(type_, record.name_then) for record in records}
            continue
        wanted |= {(type_, group.name): group for group in inputs.groups}
        events += _unreadable(type_, inputs)
        lost = type_ == "THEME" and inputs.problems  # any theme's lines may be among them
        silent |= {(type_, name) for name in ((r.name_then for r in records) if lost else inputs.bad_groups)}
    files = [_file_in(record, wanted.get((record.type_then, record.name_then)), silent) for record in records]
    loaded = {(record.type, record.name) for record in records if not record.renamed}
    events += [
        Event("file_new", type_, name, f"new in {folder}")
        for type_, name in wanted
        if (type_, name) not in loaded
    ]
    return files, events


def problem_text(problems: Sequence[Problem]) -> str:
    """The first problem of a file, and how many more there are."""
    more = f" (and {len(problems) - 1} more problems)" if len(problems) > 1 else ""
    return f"{problems[0]}{more}"


def _checksum(path: Path) -> str | None:
    """The checksum of a file; None where it is not there, '' where it cannot be read: reading it tells why."""
    from tickstock.sources.files import checksum_of

    try:
        path.stat()
        return checksum_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, BadInputError):
        return ""


def _source(path: Path, type_: str, name: str, funds: Callable[[Path], Mapping[str, str]]) -> Source:
    from tickstock.relationships.inputs import read_fund
    from tickstock.sources.folder import Candidate, read

    candidate = Candidate(path, type_, name)
    return read_fund(candidate, funds(path.parent)) if type_ == "ETF" else read(candidate)


def _fund_names(folder: Path) -> dict[str, str]:
    from tickstock.relationships.inputs import reserved
    from tickstock.sources.registry import read_fund_names

    try:
        return {name.casefold(): etf for etf, name in read_fund_names(reserved(folder, "funds.csv")).items()}
    except BadInputError:
        return {}  # a load would stop at that file, and at no other


def _themes(path: Path) -> dict[str, Source]:
    from tickstock.sources.themes import read_themes

    return {source.group: source for source in read_themes(path)}


def _theme(themes: Callable[[Path], Mapping[str, Source]], path: Path, name: str) -> Source | None:
    """The theme; with lines that may be of any theme, those as its problems."""
    sources = themes(path)
    return sources.get("", sources.get(name))


def _inputs(type_: str, folder: Path, only: str | None) -> Inputs:
    from tickstock.relationships.inputs import etf_inputs, theme_inputs, universe_inputs

    if type_ == "ETF":
        return etf_inputs(folder, only)
    return universe_inputs(folder) if type_ == "UNIVERSE" else theme_inputs(folder)


def _unreadable(type_: str, inputs: Inputs) -> Iterator[Event]:
    for name in dict.fromkeys(inputs.bad_groups):
        problems = [p for p, group in zip(inputs.problems, inputs.bad_groups, strict=True) if group == name]
        yield Event("file_unreadable", type_, name, problem_text(problems))


def _file_in(record: Record, wanted: GroupInput | None, silent: set[tuple[str, str]]) -> File:
    if record.renamed or (record.type_then, record.name_then) in silent:
        return File(UNKNOWN, _nothing)
    if wanted is None:
        return File(GONE, _nothing)
    assert wanted.checksum is not None
    assert wanted.read is not None
    try:
        checksum = wanted.checksum()
    except BadInputError:
        checksum = ""
    return File(SAME if checksum == record.checksum else CHANGED, wanted.read)


def _nothing() -> None:
    return None
