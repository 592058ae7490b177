"""What the pages say is what is stored."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.past_loads import by_hand, load, remove, rename
from tests.put import put_group
from tests.runtime_cache.conftest import until
from tests.stored import everything, query
from tests.web.pages import Somebody, desk, log_in
from tickstock.db import Connection
from tickstock.runtime_cache import RelationshipCache
from tickstock.web.asking import Kept

__all__ = ["desk", "log_in"]


def tiles(page_html: str) -> dict[str, str]:
    import re

    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page_html))


def test_the_dashboard_counts_what_is_stored(stored: Connection, desk: Somebody) -> None:
    page = desk.get("/admin/")
    found = tiles(page.html)
    assert [found[name] for name in ("Funds", "Stocks", "Sectors", "Universes", "Themes", "Memberships")] == [
        "2", "4", "12", "3", "1", "17",
    ]  # fmt: skip
    assert page.row("Classified") == ["Classified", "3", "75.00", "100.00"]
    assert page.row("Unassigned") == ["Unassigned", "1", "25.00", "0.00"]
    assert "no date 100.0 %" in page.text
    query(stored, "DELETE FROM group_memberships WHERE symbol = 'PDD'")
    assert tiles(desk.get("/admin/").html)["Stocks"] == "3"


def test_the_dashboard_tells_of_loads_and_their_dates(stored: Connection, desk: Somebody) -> None:
    run = load(stored, "2025-01-06", "2025-01-03", {"SPY": {"AAPL": 7}})
    page = desk.get("/admin/")
    assert [row[2] for row in page.rows if row[0] == str(run)] == ["full ETF"]
    assert page.row("SPY fund")[1] == "2025-01-03"


def test_the_checks_come_after_the_first_paint_and_are_kept(stored: Connection, desk: Somebody) -> None:
    assert 'hx-get="/admin/checks"' in desk.get("/admin/").html
    page = desk.get("/admin/checks")
    assert "nasdaq100" in page.text or "PDD" in page.text  # it is in no sector
    assert "✗ fail" in page.text
    assert 'hx-get="/admin/checks"' not in desk.get("/admin/").html
    assert "✗ fail" in desk.get("/admin/").text
    query(stored, "DELETE FROM group_memberships WHERE symbol = 'PDD'")
    assert 'hx-get="/admin/checks"' in desk.get("/admin/").html


def test_answers_are_kept_for_a_while_and_of_one_state(stored: Connection) -> None:
    now = [100.0]
    kept, made = Kept(longest=60, clock=lambda: now[0]), iter(range(9))

    def find() -> int:
        return kept.find(stored, "it", lambda: next(made) + 1)

    assert [find(), find()] == [1, 1]
    now[0] += 61
    assert [find(), find()] == [2, 2]
    query(stored, "DELETE FROM group_memberships WHERE symbol = 'PDD'")
    assert [find(), find()] == [3, 3]


def test_the_button_reads_the_data_again(desk: Somebody, cache: RelationshipCache) -> None:
    assert "empty" in desk.get("/admin/").text
    page = desk.post("/admin/refresh")
    assert (page.status, page.path) == (200, "/admin/?cache=refreshed")
    assert "The cache has read the data again" in page.text
    assert "✓ current" in page.text
    assert cache.get_stats().refreshes == 1
    assert desk.post("/admin/refresh", token="another").status == 403
    assert desk.client.get("/admin/refresh").status_code == 405
    assert cache.get_stats().refreshes == 1


def test_groups_are_listed_by_type(stored: Connection, desk: Somebody) -> None:
    run = load(stored, "2025-01-06", "2025-01-03", {"SPY": {"AAPL": 7, "NVDA": 8}})
    page = desk.get("/admin/groups")
    assert page.row("SPY")[2:4] == ["2", "2025-01-03"]
    assert page.row("SPY")[4].endswith(f"load {run}")
    assert page.row("nasdaq100")[2:] == ["3", "–", "–"]
    assert page.text.index("Funds") < page.text.index("Universes") < page.text.index("Sectors")


def test_a_group_has_its_members(stored: Connection, desk: Somebody) -> None:
    page = desk.get("/admin/groups/universe/NASDAQ-100")
    assert page.path == "/admin/groups/universe/nasdaq100"
    assert page.row("PDD") == ["PDD", "", ""]
    assert page.row("NVDA") == ["NVDA", "", "information_technology"]
    assert "NVDA" in desk.get("/admin/groups/sector/Technology").text
    assert desk.get("/admin/groups/SECTOR/energy").path == "/admin/groups/sector/energy"
    assert desk.get("/admin/groups/etf/spy").path == "/admin/funds/SPY"
    put_group(stored, "UNIVERSE", "large", [f"S{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(150)])
    assert len(desk.get("/admin/groups/universe/large").rows) == 1 + 100
    assert "All 150 members" in desk.get("/admin/groups/universe/large").text
    assert len(desk.get("/admin/groups/universe/large?all=1").rows) == 1 + 150


@pytest.mark.parametrize(
    ("type_", "kind", "name"),
    [("THEME", "groups/theme", " blank "), ("ETF", "funds", " blank "), ("ETF", "funds/changes", " blank "),
     ("THEME", "groups/theme", "/slash")],
)  # fmt: skip
def test_a_name_that_an_address_has_otherwise_is_shown_and_sends_nobody_round(
    stored: Connection, desk: Somebody, type_: str, kind: str, name: str
) -> None:
    put_group(stored, type_, name, ["AAPL"])
    page = desk.get(f"/admin/{kind}/{quote(name)}")
    assert (page.status, name.strip() in page.text) == (200, True)


@pytest.mark.parametrize(("type_", "name"), [("THEME", ""), ("THEME", " "), ("THEME", "/"), ("ETF", "")])
def test_a_group_without_a_name_has_no_dead_link(stored: Connection, desk: Somebody, type_: str, name: str) -> None:
    put_group(stored, type_, name, ["AAPL"])
    for path in ("/admin/groups", "/admin/stocks/AAPL"):
        page = desk.get(path)
        own = [link for link in page.links() if link.startswith(("/admin/groups/theme", "/admin/funds"))]
        assert own
        assert {desk.get(link).status for link in own} == {200}


def test_a_fund_has_its_holdings_and_its_concentration(stored: Connection, desk: Somebody) -> None:
    put_group(stored, "ETF", "TWO", {"AAPL": 75, "NVDA": 25}, "Two Stocks")
    page = desk.get("/admin/funds/two")
    assert page.path == "/admin/funds/TWO"
    assert "Two Stocks" in page.text
    assert [row[0] for row in page.rows if row[0] in ("AAPL", "NVDA")] == ["AAPL", "NVDA"]
    assert page.row("AAPL")[-1] == "75.000000"
    found = tiles(page.html)
    assert found["Holdings"] == "2"
    assert found["Sum of weights, %"] == found["Top 10, %"] == "100.00"
    assert found["Herfindahl index"] == "0.6250"  # 0.75² + 0.25²
    assert found["Effective holdings"] == "1.6"
    assert page.row("information_technology") == ["information_technology", "", "100.00", "2"]


def test_the_heat_map_has_what_funds_share(stored: Connection, desk: Somebody) -> None:
    page = desk.get("/admin/funds/SPY")
    by_weight, by_stocks = [row for row in page.rows if row and row[0] == "SPY"]
    assert by_weight == ["SPY", "15.50", "7.25"]  # the lesser of NVDA's 7.25 and 9
    assert by_stocks == ["SPY", "3", "2"]
    assert [each["class"] for each in page.all("td") if "heat-10" in (each.get("class") or "")] == ["heat-10"] * 2


def test_what_changed_is_told_between_files_and_between_days(stored: Connection, desk: Somebody) -> None:
    for known, as_of, members in (
        ("2025-01-06", "2025-01-03", {"AAPL": 60, "NVDA": 40}),
        ("2025-01-13", "2025-01-10", {"AAPL": 50, "NVDA": 50}),
        ("2025-01-20", "2025-01-17", {"AAPL": 50, "AMD": 50}),
    ):
        load(stored, known, as_of, {"NEW": members})
    page = desk.get("/admin/funds/changes/NEW")
    assert "1 added, 1 removed, 0 renamed, 0 moved; one-way turnover 50.00 %" in page.text
    assert page.row("2025-01-10") == ["2025-01-10", "2", "0", "0", "2", "10.00"]
    assert page.row("2025-01-03") == ["2025-01-03", "2", "the first"]
    page = desk.get("/admin/funds/changes/NEW?from=2025-01-03&to=2025-01-12")
    assert page.row("AAPL") == ["AAPL", "60.000000", "50.000000", "-10.000000"]
    page = desk.get("/admin/funds/changes/NEW?to=2025-01-10")
    assert "2025-01-03 to 2025-01-10 : 0 added" in page.text
    assert page.row("2025-01-17")[1:4] == ["2", "1", "1"]
    assert "nothing to compare that day with" in desk.get("/admin/funds/changes/NEW?to=2025-01-03").text
    past = desk.get("/admin/funds/NEW?as_of=2025-01-12")
    assert "/admin/funds/changes/NEW?to=2025-01-10" in past.links()
    assert "is not known on 2024-01-01" in desk.get("/admin/funds/changes/NEW?from=2024-01-01").text
    assert desk.get("/admin/funds/changes/nothing").status == 404


def test_a_stock_tells_everything_about_it(stored: Connection, desk: Somebody) -> None:
    query(stored, "UPDATE group_memberships SET metadata = %s WHERE symbol = 'NVDA' AND group_id IN"
                  " (SELECT id FROM definition_groups WHERE type = 'SECTOR')",
          '{"name": "Nvidia", "industry": "Chips", "source": "override", "confidence": "certain", "reason": "by me",'
          ' "conflicts": [{"sector": "energy", "source": "classification", "origin": "a.csv"}]}')  # fmt: skip
    page = desk.get("/admin/stocks/nvda")
    assert page.path == "/admin/stocks/NVDA"
    assert [row for row in page.rows if row[0] in ("SPY", "QQQ")] == [
        ["QQQ", "", "9.000000"], ["SPY", "", "7.250000"],
    ]  # fmt: skip
    found = tiles(page.html)
    assert (found["Industry"], found["Source"], found["Confidence"], found["Reason"]) == (
        "Chips", "override", "certain", "by me",
    )  # fmt: skip
    assert "energy (classification, a.csv)" in page.text
    assert "Nvidia" in page.text
    for name in ("chips", "sp500", "nasdaq100", "dow30"):
        assert name in page.text


def test_a_stock_has_its_history(stored: Connection, desk: Somebody) -> None:
    load(stored, "2025-01-06", "2025-01-03", {"NEW": {"FB": 60, "AAPL": 40}})
    load(stored, "2025-01-13", "2025-01-10", {"NEW": {"META": 55, "AAPL": 45}})
    load(stored, "2025-01-20", "2025-01-17", {"NEW": {"AAPL": 100}})
    rename(stored, "FB", "META", "2025-01-08")
    page = desk.get("/admin/stocks/AAPL")
    assert page.row("NEW fund") == ["NEW fund", "2025-01-03", "today", "", "40.000000", "100.000000"]
    gone = desk.get("/admin/stocks/META")
    assert gone.status == 200
    assert gone.row("NEW fund") == ["NEW fund", "2025-01-03", "2025-01-17", "", "60.000000", "55.000000"]
    assert "not a member of any fund, universe or theme" in gone.text
    assert desk.get("/admin/stocks/FB").path == "/admin/stocks/META"


def test_a_day_of_the_past_is_told(stored: Connection, desk: Somebody) -> None:
    load(stored, "2025-01-06", "2025-01-03", {"NEW": {"FB": 60, "AAPL": 40}})
    load(stored, "2025-01-13", "2025-01-10", {"NEW": {"AAPL": 90, "META": 10}})
    rename(stored, "FB", "META", "2025-01-08")
    fund = desk.get("/admin/funds/NEW?as_of=2025-01-05")
    assert fund.row("AAPL")[-1] == "40.000000"
    assert "META today" in fund.text
    assert "as of 2025-01-03" in fund.text
    found = tiles(fund.html)
    assert (found["Top 10, %"], found["Herfindahl index"]) == ("100.00", "0.5200")  # 0.6² + 0.4²
    assert found["Effective holdings"] == "1.9"
    assert fund.row("not known then") == ["not known then", "", "100.00", "2"]  # the sectors
    assert "Not known on 2025-01-02" in desk.get("/admin/funds/NEW?as_of=2025-01-02").text
    assert desk.get("/admin/stocks/AAPL?as_of=2025-01-05").row("NEW") == ["NEW", "", "40.000000"]
    assert desk.get("/admin/stocks/FB?as_of=2025-01-05").row("NEW") == ["NEW", "", "60.000000"]
    assert desk.get("/admin/funds/NEW?as_of=2999-01-01").row("AAPL")[-1] == "90.000000"
    run = remove(stored, "2025-02-03", "NEW")
    page = desk.get("/admin/funds/NEW")
    assert page.status == 200
    assert f"Removed on 2025-02-03 by load {run}" in page.text


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("AAPL", "/admin/stocks/AAPL"), ("aapl", "/admin/stocks/AAPL"), ("BRK-B", "/admin/stocks/BRK.B"),
        ("brk/b", "/admin/stocks/BRK.B"), ("BRKB", "/admin/stocks/BRK.B"), (" brk b ", "/admin/stocks/BRK.B"),
        ("spy", "/admin/funds/SPY"), ("NASDAQ 100", "/admin/groups/universe/nasdaq100"),
        ("Information Technology", "/admin/groups/sector/information_technology"),
        ("chips", "/admin/groups/theme/chips"),
    ],
)  # fmt: skip
def test_an_exact_hit_is_its_page(desk: Somebody, asked: str, path: str) -> None:
    answer = desk.client.get("/admin/search", query_string={"q": asked})
    assert (answer.status_code, answer.headers["Location"]) == (302, path)


def test_other_hits_are_grouped(stored: Connection, desk: Somebody) -> None:
    put_group(stored, "THEME", "nvidia_suppliers", ["PDD"], "Who sells to Nvidia")
    query(stored, "UPDATE group_memberships SET metadata = '{\"name\": \"Nvidia 100% Corp_\"}' WHERE symbol = 'NVDA'")
    page = desk.get("/admin/search?q=nvid")
    assert page.path == "/admin/search?q=nvid"
    assert page.links()[-2:] == ["/admin/stocks/NVDA", "/admin/groups/theme/nvidia_suppliers"]
    assert "/admin/stocks/NVDA" in desk.get("/admin/search?q=100%25").links()
    assert "/admin/stocks/NVDA" in desk.get("/admin/search?q=corp_").links()
    assert "/admin/stocks/AAPL" not in desk.get("/admin/search?q=_").links()


def test_while_typing_nobody_is_sent_away(desk: Somebody) -> None:
    page = desk.get("/admin/search?q=AAPL", HX_Request="true")
    assert page.path == "/admin/search?q=AAPL"
    assert page.links()[-1] == "/admin/stocks/AAPL"


def test_no_hit_says_what_to_try(desk: Somebody) -> None:
    page = desk.get("/admin/search?q=APPL")
    assert "Did you mean" in page.text
    assert "/admin/stocks/AAPL" in page.links()
    assert "Try a symbol in any spelling" in desk.get("/admin/search?q=qqqqqqqqq").text
    assert "Type a symbol" in desk.get("/admin/search").text


def test_a_name_that_nothing_has_is_told_with_what_is_near(desk: Somebody) -> None:
    for path, near in (
        ("/admin/stocks/APPL", "/admin/stocks/AAPL"), ("/admin/funds/SPI", "/admin/funds/SPY"),
        ("/admin/groups/universe/dow31", "/admin/groups/universe/dow30"), ("/admin/funds/AAPL", "/admin/stocks/AAPL"),
        ("/admin/groups/theme/sp500", "/admin/groups/universe/sp500"),
    ):  # fmt: skip
        page = desk.get(path)
        assert page.status == 404
        assert near in page.links()
    assert desk.get("/admin/stocks/SPY").path == "/admin/funds/SPY"


def test_pages_only_read(stored: Connection, desk: Somebody) -> None:
    before = everything(stored)
    for path in ("/admin/", "/admin/checks", "/admin/groups", "/admin/funds/SPY", "/admin/stocks/AAPL", "/admin/loads",
                 "/admin/loads/2", "/admin/loads/2/undo", "/admin/funds/changes/SPY", "/admin/search?q=a"):  # fmt: skip
        assert desk.get(path).status == 200
    assert everything(stored) == before


def test_a_change_by_hand_is_there_at_once(stored: Connection, desk: Somebody, cache: RelationshipCache) -> None:
    assert desk.get("/admin/stocks/PDD").status == 200
    cache.warm_cache()
    run = by_hand(stored, "2025-03-03", "DELETE FROM group_memberships WHERE symbol = 'PDD'")
    assert desk.get("/admin/stocks/PDD").status == 404
    assert [row[2] for row in desk.get("/admin/loads").rows if row[0] == str(run)] == ["by hand: UNIVERSE"]
    until(lambda: "✓ current" in desk.get("/admin/").text)
