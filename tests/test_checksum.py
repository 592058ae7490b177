"""A fingerprint says the same of the same rows, whoever computes it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tickstock.checksum import file_checksum, fingerprint

# The MD5 sums were made with md5sum from the texts beside them.
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
TWO_ROWS = "85bed7de1803e55a3037675b4c0aa7d9"


def test_a_checksum_is_the_md5_of_the_bytes() -> None:
    assert file_checksum(b"") == EMPTY
    assert file_checksum(b"hello\n") == "b1946ac92492d2347c6235b4d2611184"


def test_a_fingerprint_is_the_md5_of_the_rows_in_their_canonical_spelling() -> None:
    rows = [("BRK.B", Decimal("1.5")), ("AAPL", None)]
    assert fingerprint(rows) == TWO_ROWS
    assert fingerprint(reversed(rows)) == TWO_ROWS
    assert fingerprint([]) == EMPTY


@pytest.mark.parametrize(
    ("weight", "same"),
    [
        ("6.5", "6.500000"),
        ("0", "-0.0000001"),
        ("1.5e-05", "0.000015"),
        ("1e2", "100"),
        ("0.0000005", "0.000001"),
        ("-0.0000005", "-0.000001"),
    ],
)
def test_equal_weights_have_equal_fingerprints_however_they_are_written(weight: str, same: str) -> None:
    assert fingerprint([("T", Decimal(weight))]) == fingerprint([("T", Decimal(same))])


def test_a_millionth_changes_the_fingerprint_and_so_does_a_missing_weight() -> None:
    seen = {fingerprint([("T", w)]) for w in (None, Decimal(0), Decimal("0.000001"), Decimal("-0.000001"))}
    assert len(seen) == 4
