"""Weights are percent, exact to a millionth, or refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tickstock.sources.records import Source

Read = Callable[..., Source]


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("6.5", "6.5"),
        ("0", "0"),
        (" 6.5 ", "6.5"),
        ("6.5%", "6.5"),
        ("6.5 %", "6.5"),
        ("+6.5", "6.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("5e-06", "0.000005"),
        ("1.5E-05", "0.000015"),
        ("1e2", "100"),
        ("102.60", "102.6"),
        ("999.999999", "999.999999"),
        ("0.30000000000000004", "0.3"),
        ("0.0000005", "0.000001"),
        ("-0.0000001", "0"),
        ("-0", "0"),
        ("-0.00004", "-0.00004"),
        ("(0.5)", "-0.5"),
        ("", None),
        ("-", None),
        ("--", None),
        ("N/A", None),
        ("n/a", None),
    ],
)
def test_a_weight_is_read(text: str, weight: str | None, read_bytes: Read) -> None:
    source = read_bytes(f"symbol,weight\nAAPL,{text}\n")
    assert source.problems == ()
    found = source.holdings[0].weight
    assert found == (None if weight is None else Decimal(weight))
    assert not str(found).startswith("-0.000000"), "no negative zero"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", "a number in percent"),
        ("NaN", "a number in percent"),
        ("inf", "a number in percent"),
        ("-Infinity", "a number in percent"),
        ("1_0", "a number in percent"),
        ("٣", "a number in percent"),
        ("0x10", "a number in percent"),
        ("6.5.1", "a number in percent"),
        ("1e", "a number in percent"),
        ("9" * 100, "a number in percent"),
        ('"6,5"', "a number in percent"),
        ('"1,23"', "a number in percent"),
        ("1e400", "less than 1000 percent"),
        ("1e9999", "less than 1000 percent"),
        ("1000", "less than 1000 percent"),
        ("999.9999999", "less than 1000 percent"),
        ('"1,234.5"', "less than 1000 percent"),
        ("-5", "a weight of zero or more"),
        ("-1", "a weight of zero or more"),
    ],
)
def test_a_weight_that_is_none_is_refused_with_its_line(text: str, expected: str, read_bytes: Read) -> None:
    source = read_bytes(f"symbol,weight\nAAPL,50\nT,{text}\n")
    assert [(p.line, p.expected) for p in source.problems] == [(3, expected)]
    assert (source.rows, source.loaded_rows, source.rejected) == (2, 1, 1)


def test_the_message_says_what_was_found_what_was_expected_and_what_to_try(read_bytes: Read) -> None:
    (problem,) = read_bytes("symbol,weight\nAAPL,abc\n").problems
    assert str(problem) == (
        "spy_holdings.csv:2: found weight 'abc', expected a number in percent; "
        "write 6.5 for 6.5 %, or leave the cell empty"
    )


def test_fractions_are_made_percents_with_a_warning_and_keep_their_digits(read_bytes: Read) -> None:
    source = read_bytes("symbol,weight\nAAPL,0.5\nT,0.4999\nXOM,0.0000123\nGE,-0.0001\n")
    assert [h.weight for h in source.holdings] == [
        Decimal(50),
        Decimal("49.99"),
        Decimal("0.00123"),
        Decimal("-0.01"),
    ]
    assert source.warnings[0] == "weights sum to 0.9998: read as fractions, multiplied by 100"


@pytest.mark.parametrize(
    "weights",
    [
        ["60", "39", "1"],
        ["0.5", "0.5"],
        ["1"],
        ["0.5%", "0.3%", "0.2%"],
        ["0.4", "0.03", "0.02"],
        ["1.1", "-0.05", "-0.05"],
    ],
)
def test_what_may_be_percents_is_left_alone(weights: list[str], read_bytes: Read) -> None:
    lines = [f"{symbol},{weight}\n" for symbol, weight in zip(["AAPL", "T", "XOM"], weights, strict=False)]
    source = read_bytes("symbol,weight\n" + "".join(lines))
    assert [h.weight for h in source.holdings] == [Decimal(weight.rstrip("%")) for weight in weights]


def test_small_negative_weights_are_kept_with_a_warning(read_bytes: Read) -> None:
    source = read_bytes("symbol,weight\nAAPL,99\nJNPR,-0.00004\n")
    assert source.holdings[1].weight == Decimal("-0.00004")
    assert source.warnings == ("JNPR below zero; kept as in the file",)


def test_a_sum_that_fits_no_column_is_refused(read_bytes: Read) -> None:
    source = read_bytes("symbol,weight\nAAPL,600\nAAPL,600\n")
    assert [(p.line, p.expected) for p in source.problems] == [(3, "less than 1000 percent")]
    assert (source.rows, source.loaded_rows, source.rejected) == (2, 1, 1)


def test_the_column_of_weights_may_be_missing(read_bytes: Read) -> None:
    source = read_bytes("symbol\nAAPL\nT\n")
    assert [h.weight for h in source.holdings] == [None, None]
    assert (source.problems, source.warnings) == ((), ())
