"""Themes: one file for all of them, one line a member."""

from __future__ import annotations

import re
from pathlib import Path

from tickstock.checksum import file_checksum
from tickstock.sources.files import bytes_of
from tickstock.sources.reading import Reading
from tickstock.sources.records import Source, UnusableError, shown
from tickstock.sources.table import Table, body, clean, columns, is_blank, open_table

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_COLUMNS = ("theme", "symbol")


def read_themes(path: Path) -> tuple[Source, ...]:
    """The themes of a file ``theme,symbol,description``, in the order of their first lines.

    A theme's description is the first that stands on one of its lines; it becomes the Source's title. A line
    whose theme is no lower_snake_case name, and a file that cannot be read at all, are problems of a Source
    with the group ``""``. Never raises for what the file holds.
    """
    checksum = ""
    nowhere = _reading(path, "")
    themes: dict[str, Reading] = {}
    try:
        data = bytes_of(path)
        checksum = file_checksum(data)
        _read(open_table(data), nowhere, themes)
    except UnusableError as error:
        return (nowhere.source(checksum, error),)
    sources = [theme.source(checksum) for theme in themes.values()]
    return (*sources, nowhere.source(checksum)) if nowhere.rows else tuple(sources)


def _read(table: Table, nowhere: Reading, themes: dict[str, Reading]) -> None:
    header = next((index for index, row in enumerate(table.rows) if not is_blank(row[1])), -1)
    line, names = table.rows[header] if header >= 0 else (1, [])
    at = columns(names, line)
    if not at.keys() >= set(_COLUMNS):
        found = f"{shown(','.join(names))} as the first line"
        raise UnusableError(found, "the header theme,symbol,description", "put it there", line)
    # What has not the header's shape belongs to no theme that we could know.
    for line, cells in body(table, header, nowhere):
        name = cells[at["theme"]].strip()
        if not _NAME.fullmatch(name):
            nowhere.reject(line, f"the theme {shown(name)}", "a name like crypto_miners", "correct the line")
            continue
        theme = themes.setdefault(name, _reading(nowhere.path, name))
        if "description" in at and not theme.title:
            theme.title = clean(cells[at["description"]])
        theme.add(line, cells[at["symbol"]])


def _reading(path: Path, group: str) -> Reading:
    reading = Reading(path, "THEME", group)
    reading.format = "themes"
    return reading
