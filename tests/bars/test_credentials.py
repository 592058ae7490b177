"""Which keys are used, and that they are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tickstock.bars.credentials import credentials
from tickstock.errors import BadInputError, UnavailableError
from tickstock.market_settings import Massive

MASSIVE_PROFILE = "[massive]\naws_access_key_id = canary-m1\naws_secret_access_key=canary-m2\n"
DEFAULT_PROFILE = "[default]\naws_access_key_id = canary-d1\naws_secret_access_key = canary-d2\nregion = eu\n"
OTHER_PROFILE = "[other]\naws_access_key_id = canary-o1\naws_secret_access_key = canary-o2\n"
NAMED, AWS = ("canary-n1", "canary-n2"), ("canary-a1", "canary-a2")


def settings(folder: Path, text: str | None, **keys: tuple[str, str]) -> Massive:
    file = folder / "credentials"
    if text is not None:
        file.write_text(text, "utf-8")
    return Massive(credentials_file=file, **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "keys", "expected", "where"),
    [
        (MASSIVE_PROFILE + DEFAULT_PROFILE, {"keys": NAMED, "aws_keys": AWS}, NAMED, "MASSIVE_ACCESS_KEY"),
        (DEFAULT_PROFILE + MASSIVE_PROFILE, {"aws_keys": AWS}, ("canary-m1", "canary-m2"), "profile [massive]"),
        ("\ufeff" + MASSIVE_PROFILE, {}, ("canary-m1", "canary-m2"), "profile [massive]"),
        (DEFAULT_PROFILE + OTHER_PROFILE, {"aws_keys": AWS}, ("canary-d1", "canary-d2"), "profile [default]"),
        (OTHER_PROFILE, {"aws_keys": AWS}, AWS, "AWS_ACCESS_KEY_ID"),
        ("[default]\nregion = eu\n", {"aws_keys": AWS}, AWS, "AWS_ACCESS_KEY_ID"),
        (None, {"aws_keys": AWS}, AWS, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_the_most_special_keys_are_used(
    tmp_path: Path, text: str | None, keys: dict[str, tuple[str, str]], expected: tuple[str, str], where: str
) -> None:
    found = credentials(settings(tmp_path, text, **keys))
    assert (found.access_key, found.secret_key) == expected
    assert found.where.startswith(where)
    assert "canary" not in f"{found} {found!r} {[found]}".replace(str(tmp_path), "")


def test_without_keys_all_places_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as error:
        credentials(settings(tmp_path, OTHER_PROFILE))
    for place in ("MASSIVE_ACCESS_KEY", "MASSIVE_SECRET_KEY", "[massive]", "[default]", "AWS_ACCESS_KEY_ID",
                  str(tmp_path / "credentials")):  # fmt: skip
        assert place in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[massive]\naws_access_key_id = canary-m1\n" + DEFAULT_PROFILE, "has no aws_secret_access_key"),
        ("aws_secret_access_key = canary-x\n", "no INI file"),
        ("[massive]\ncanary-x\n", "no INI file"),
        (MASSIVE_PROFILE + MASSIVE_PROFILE, "no INI file"),
    ],
)
def test_a_faulty_file_is_an_error_without_its_lines(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told) as error:
        credentials(settings(tmp_path, text, aws_keys=AWS))
    assert "canary" not in str(error.value).replace(str(tmp_path), "")
    assert error.value.__cause__ is None
