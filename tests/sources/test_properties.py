"""Whatever bytes a file holds: no exception, every line accounted for, quickly."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickstock.sources.files import Candidate, read
from tickstock.sources.records import Source
from tickstock.sources.themes import read_themes

Bytes = Callable[[str], bytes]

SAMPLES = {
    "plain_spy.csv": "SPY",
    "ishares_ivv.csv": "IVV",
    "ssga_xle.sheet.csv": "XLE",
    "invesco_qqq.csv": "QQQ",
    "ark_arkk.csv": "ARKK",
    "ark_ctru_two_dates.csv": "CTRU",
}
TICKERS = ["AAPL", "brk/b", "BRKB", "ESZ5", "-", "", "CC WI", "DSY FP", "O'B", "symbol", "NA", "=1", "Ä", '"', "\x07"]
WEIGHTS = ["6.5", "6.5%", "", "-", "abc", "NaN", "1e400", "-5", "-0.1", "1,000.5", "0,5", "1e-9", "0.3", "99", '"']
HEADERS = ["symbol,weight", "Ticker,Weight (%)", "symbol", "symbol,weight,name", "weight,symbol,sector,x", "a,b", ""]

FEW = settings(max_examples=200, deadline=None)
MANY = settings(max_examples=2500, deadline=None)

noise = st.binary(max_size=400) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
line = st.lists(st.sampled_from(TICKERS + WEIGHTS) | st.text(max_size=8), max_size=4).map(",".join)
tables = st.builds(
    lambda header, lines, newline: newline.join([header, *lines]).encode("utf-8", "surrogatepass"),
    st.sampled_from(HEADERS),
    st.lists(line, max_size=30),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
)
seeds = st.integers(min_value=0, max_value=2**32)


def mutated(data: bytes, seed: int) -> bytes:
    """The file with a few bytes changed, put in, taken out, doubled or cut off, where the seed says."""
    chance = random.Random(seed)
    content = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(content) + 1), chance.randint(1, 40)
        pieces = [b"", b",", b'"', b"\n", b"\0", b"\xff", b"-", b"%", b"\xc2\xa0", b"9", content[at : at + length] * 2]
        content[at : at + chance.choice([0, 1, length])] = chance.choice(pieces)
        if chance.random() < 0.05:
            del content[at:]
    return bytes(content)


def with_mutated_sheet(workbook: bytes, seed: int) -> bytes:
    """The workbook with a mutated sheet in a sound archive: past the checksums, into the Excel reader."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, mutated(content, seed) if name.startswith("xl/worksheets/") else content)
    return result.getvalue()


def check(path: Path, content: bytes, kind: str, group: str) -> None:
    path.write_bytes(content)
    started = time.thread_time()
    source = read(Candidate(path, kind, group))
    assert time.thread_time() - started < 1
    assert_accounted_for(source)


def assert_accounted_for(source: Source) -> None:
    assert source.rows == source.loaded_rows + len(source.split_off) + source.rejected
    assert bool(source.rejected) <= bool(source.problems)
    symbols = [holding.symbol for holding in source.holdings]
    assert len(set(symbols)) == len(symbols) <= source.loaded_rows
    lines = [holding.line for holding in source.holdings] + [split.line for split in source.split_off]
    assert len(set(lines)) == len(lines)
    for holding in source.holdings:
        assert holding.symbol.isascii()
        if holding.weight is not None:
            assert Decimal(-1000) < holding.weight < Decimal(1000)
            assert holding.weight == round(holding.weight, 6)
    for problem in source.problems:
        assert "\n" not in str(problem)
        assert len(str(problem)) < 400


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties") / "some_holdings.csv"


@pytest.fixture(scope="module")
def originals(sample_bytes: Bytes) -> dict[str, bytes]:
    return {name: sample_bytes(name) for name in SAMPLES}


def any_bytes(path: Path, content: bytes, kind: str) -> None:
    check(path, content, kind, "SPY")


def any_table(path: Path, content: bytes, kind: str) -> None:
    check(path, content, kind, "SPY")


def any_mutated_sample(path: Path, originals: dict[str, bytes], name: str, seed: int, kind: str) -> None:
    original = originals[name]
    inside = name.endswith(".sheet.csv") and seed % 2
    content = with_mutated_sheet(original, seed) if inside else mutated(original, seed)
    check(path, content, kind, SAMPLES[name])


def any_themes(path: Path, content: bytes) -> None:
    path.write_bytes(b"theme,symbol,description\n" + content)
    for source in read_themes(path):
        assert_accounted_for(source)


def every_line_counts(path: Path, lines: list[str]) -> None:
    """The count of data lines, against one that knows nothing of the readers."""
    path.write_text("symbol,weight\n" + "\n".join(lines), encoding="utf-8", newline="")
    source = read(Candidate(path, "ETF", "SPY"))
    assert_accounted_for(source)
    assert source.rows == sum(1 for line in lines if line.replace(",", "").strip())


kinds = st.sampled_from(["ETF", "UNIVERSE"])
names = st.sampled_from(sorted(SAMPLES))
unquoted = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\r\n\0'), max_size=12)
data_lines = st.lists(st.lists(st.sampled_from(TICKERS[:13] + WEIGHTS[:14]) | unquoted, max_size=3).map(",".join))

test_any_bytes = FEW(given(content=noise, kind=kinds)(any_bytes))
test_any_table = FEW(given(content=tables, kind=kinds)(any_table))
test_any_mutated_sample = FEW(given(name=names, seed=seeds, kind=kinds)(any_mutated_sample))
test_any_themes = FEW(given(content=noise | tables)(any_themes))
test_every_line_counts = FEW(given(lines=data_lines)(every_line_counts))

slow = pytest.mark.slow
test_any_bytes_long = slow(MANY(given(content=noise, kind=kinds)(any_bytes)))
test_any_table_long = slow(MANY(given(content=tables, kind=kinds)(any_table)))
test_any_mutated_sample_long = slow(
    settings(MANY, max_examples=10_000)(given(name=names, seed=seeds, kind=kinds)(any_mutated_sample))
)
test_any_themes_long = slow(MANY(given(content=noise | tables)(any_themes)))
test_every_line_counts_long = slow(MANY(given(lines=data_lines)(every_line_counts)))
