"""The page: well formed, self-contained, without script, and whatever is stored is shown as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.relationships.report_data import add_group, add_to_sector, fill
from tests.stored import query
from tickstock.db import Connection
from tickstock.relationships.report.formats import render
from tickstock.relationships.report.read import read_report

VOID = {"meta", "br", "img", "link", "input", "hr"}
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=HYPERLINK(1)", "a & b", "{{ 7 * 7 }}"]


class Page(HTMLParser):
    """The elements of a page in order, with their attributes and the text in them; refuses what is not nested."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for at in self._open:
            self.elements[at][2].append(data)

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """The attributes of each element of the tag that has these among its own."""
        return [found for found, _ in self._having(tag, attributes)]

    def texts(self, tag: str, **attributes: str) -> list[str]:
        """The text of each of them, blanks as a reader sees them."""
        return [" ".join("".join(words).split()) for _, words in self._having(tag, attributes)]

    def _having(self, tag: str, attributes: dict[str, str]) -> list[tuple[dict[str, str | None], list[str]]]:
        return [
            (found, words)
            for name, found, words in self.elements
            if name == tag and attributes.items() <= found.items()
        ]


@pytest.fixture
def filled(connection: Connection) -> Connection:
    fill(connection)
    return connection


def page(connection: Connection, detailed: bool = True, environment: str = "DEFAULT") -> str:
    return render(read_report(connection, environment, detailed), "html")


def test_it_needs_nothing_from_anywhere_and_runs_nothing(filled: Connection) -> None:
    source = page(filled)
    found = Page(source)
    assert not {tag for tag, _, _ in found.elements} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"https?://|@import|url\(|\son\w+=", source)
    assert all((a["href"] or "").startswith("#") for a in found.all("a"))
    (policy,) = found.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def test_it_is_a_page_for_phones_and_for_light_and_dark(filled: Connection) -> None:
    source = page(filled)
    found = Page(source)
    assert found.all("html") == [{"lang": "en"}]
    assert found.all("meta", name="viewport")[0]["content"] == "width=device-width, initial-scale=1"
    assert "color-scheme: light dark" in source
    assert "prefers-color-scheme: dark" in source
    assert re.fullmatch(r"Relationships, DEFAULT, \d{1,2} [A-Z][a-z]+ \d{4}", found.texts("title")[0])


def test_every_table_has_a_caption_and_headings_with_a_scope(filled: Connection) -> None:
    found = Page(page(filled))
    assert len(found.all("table")) == len(found.all("caption")) > 8
    assert all(caption for caption in found.texts("caption"))
    assert {heading.get("scope") for heading in found.all("th")} == {"col", "row"}


def test_the_contents_lead_to_the_sections_of_the_detail(filled: Connection) -> None:
    found = Page(page(filled))
    links = [a["href"] for a in found.all("a")]
    assert links == [f"#{section['id']}" for section in found.all("section")]
    assert len(links) == 12
    assert Page(page(filled, detailed=False)).all("nav") == []


def test_sector_bars_have_lengths_numbers_and_unknown_apart(filled: Connection) -> None:
    source = page(filled, detailed=False)
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="track"[^>]*>(.*?)</td><td class="n">(\d+)</td>', source)
    by_name = {name: (bar, int(count)) for name, bar, count in rows}
    assert list(by_name)[:2] == ["Information Technology", "Energy"]
    assert list(by_name)[-2:] == ["unknown", "unassigned"]
    # Two stocks, the most of all, one, one, and two in no sector group.
    assert 'class="bar known" style="width:100.00%"' in by_name["Information Technology"][0]
    assert 'class="bar known" style="width:50.00%"' in by_name["Energy"][0]
    assert 'class="bar unknown" style="width:50.00%"' in by_name["unknown"][0]
    assert 'class="bar unassigned" style="width:100.00%"' in by_name["unassigned"][0]
    assert by_name["Utilities"] == ("", 0)


def test_coverage_is_drawn_by_count_and_by_weight_and_told_in_words(filled: Connection) -> None:
    found = Page(page(filled, detailed=False))
    assert [image["aria-label"] for image in found.all("div", role="img")] == [
        "by count: classified 50.0 %, unknown 16.7 %, unassigned 33.3 %",
        "by weight: classified 83.3 %, unknown 16.7 %",
    ]


def test_the_heat_map_has_a_number_and_a_shade_for_each_pair(filled: Connection) -> None:
    source = page(filled)
    stocks, weight = re.findall(r'<table class="heat">.*?</table>', source, re.DOTALL)
    # AAA's 3 members and BBB's 4 share 2: the root of 2/3; 16 % of weight: the root of .16.
    assert re.findall(r"<td[^>]*>\d+</td>", stocks) == [
        '<td class="self">4</td>', '<td style="--level:0.816">2</td>',
        '<td style="--level:0.816">2</td>', '<td class="self">3</td>',
    ]  # fmt: skip
    assert '<td style="--level:0.400">16.0</td>' in weight
    assert Page(stocks).texts("th", scope="col") == ["BBB", "AAA"]


def test_concentration_and_its_formula_are_on_the_page(filled: Connection) -> None:
    source = page(filled)
    assert "the sum of the squared shares" in source
    assert re.search(r'<th scope="row">AAA</th>.*?>100.00</td><td class="n">2.6</td><td class="n">0.3800</td>', source)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_stored_is_shown_as_text(connection: Connection, name: str) -> None:
    for type_ in ("ETF", "THEME", "UNIVERSE", "SECTOR"):
        add_group(connection, type_, name, {name: 1, "AAPL": 2})
    add_group(connection, "ETF", "OTHER", {name: 1, "AAPL": 2})
    conflict = {"sector": name, "source": name, "origin": name}
    add_to_sector(connection, "AAPL", "energy", name=name, source=name, conflicts=[conflict])
    query(connection, "UPDATE definition_groups SET description = %s WHERE description LIKE 'The %%'", name)
    found = Page(page(connection))
    assert not {"script", "img"} & {tag for tag, _, _ in found.elements}
    shown = f"'{name}" if name.startswith("=") else name
    assert shown in found.texts("th", scope="row")
    assert shown in found.texts("td")
    assert shown in found.texts("span")


def test_an_environment_that_holds_nothing_has_a_page_too(connection: Connection) -> None:
    found = Page(page(connection, environment="NOBODY"))
    assert found.texts("dd", **{"class": "figure"}) == ["0"] * 6
    assert found.texts("p", **{"class": "none"})


def test_plots_have_no_width_that_cannot_be(connection: Connection) -> None:
    add_group(connection, "ETF", "SHORT", {"AAPL": 150, "MSFT": -50, "XOM": -10})
    add_group(connection, "ETF", "LONG", {"AAPL": -20, "MSFT": 130})
    source = page(connection)
    numbers = [float(one) for one in re.findall(r'(?:width:|--part:)(-?[\d.]+)%', source)]
    levels = [float(one) for one in re.findall(r"--level:(-?[\d.]+)", source.split("</style>")[1])]
    assert numbers
    assert levels
    assert all(0 <= number <= 100 for number in numbers)
    assert all(0 <= level <= 1 for level in levels)
