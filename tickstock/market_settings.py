"""The settings of market data: where the flat files come from, and where bars are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tickstock.errors import BadInputError

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


class Massive(NamedTuple):
    """How to reach the flat files of Massive.com (S3) and its REST API. A key is None where none is set.

    ``keys`` are those named MASSIVE_…, ``aws_keys`` those named AWS_…, each (access key, secret key);
    ``credentials_file`` has the profiles ``[massive]`` and ``[default]``. ``calls_per_minute`` is what the REST API's
    plan allows.
    """

    endpoint: str = "https://files.massive.com"
    bucket: str = "flatfiles"
    day_prefix: str = "us_stocks_sip/day_aggs_v1"
    minute_prefix: str = "us_stocks_sip/minute_aggs_v1"
    keys: tuple[str, str] | None = None
    aws_keys: tuple[str, str] | None = None
    credentials_file: Path = Path("~/.aws/credentials")
    api: str = "https://api.massive.com"
    api_key: str | None = None
    calls_per_minute: int = 5

    def __repr__(self) -> str:
        return f"Massive({self.endpoint}, {self.bucket}, {self.day_prefix}, {self.minute_prefix}, api={self.api})"


class Market(NamedTuple):
    """Where bars are. All folders are absolute.

    ``archive`` keeps the flat files as they came, ``derived`` the files of tracked tickers and of corporate actions;
    ``store`` is the columnar store, a folder or ``s3://bucket/prefix``, and ``store_options`` what an S3 server needs
    to be reached; derived files hold the latest ``max_days`` sessions if ``cleanup``; ``tickers`` has the lists.
    """

    archive: Path
    derived: Path
    store: str
    tickers: Path
    store_options: Mapping[str, str] = {}
    max_days: int = 520
    cleanup: bool = True
    massive: Massive = Massive()

    def __repr__(self) -> str:
        return f"Market(archive={self.archive}, derived={self.derived}, store={self.store}, {self.massive})"


def market_settings(values: Mapping[str, str], repository: Path, home: Path) -> Market:
    """The part of the settings that speaks of market data, from values that are not empty.

    Raises:
        BadInputError: a number is none or not above 0, ``DATA_CACHE_CLEANUP_ENABLED`` is neither yes nor no, or one of
            the two keys of MASSIVE is set without the other.
    """
    derived = Path(values.get("DATA_CACHE_DIR", repository / "data_cache")).absolute()
    store = values.get("BARS_STORE", str(derived / "bars"))
    return Market(
        archive=Path(values.get("MASSIVE_CACHE_DIR", repository / "massive_cache")).absolute(),
        derived=derived,
        store=store if "://" in store else str(Path(store).absolute()),
        store_options=_store_options(values),
        tickers=Path(values.get("TICKERS_DIR", repository / "tickers")).absolute(),
        max_days=_number("DATA_CACHE_MAX_DAYS", values.get("DATA_CACHE_MAX_DAYS", "520"), "sessions"),
        cleanup=_yes_or_no("DATA_CACHE_CLEANUP_ENABLED", values.get("DATA_CACHE_CLEANUP_ENABLED", "true")),
        massive=_massive(values, home),
    )


def _massive(values: Mapping[str, str], home: Path) -> Massive:
    plain = Massive()
    return Massive(
        endpoint=values.get("MASSIVE_ENDPOINT", plain.endpoint),
        bucket=values.get("MASSIVE_BUCKET", plain.bucket),
        day_prefix=values.get("MASSIVE_DAY_PREFIX", plain.day_prefix).strip("/"),
        minute_prefix=values.get("MASSIVE_MINUTE_PREFIX", plain.minute_prefix).strip("/"),
        keys=_keys(values),
        aws_keys=_both(values, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        credentials_file=Path(values.get("AWS_SHARED_CREDENTIALS_FILE", home / ".aws" / "credentials")),
        api=values.get("MASSIVE_API_URL", plain.api).rstrip("/"),
        api_key=values.get("MASSIVE_API_KEY"),
        calls_per_minute=_number("MASSIVE_CALLS_PER_MINUTE", values.get("MASSIVE_CALLS_PER_MINUTE", "5"), "calls"),
    )


def _store_options(values: Mapping[str, str]) -> dict[str, str]:
    names = {
        "BARS_STORE_ENDPOINT": "aws_endpoint_url",
        "BARS_STORE_ACCESS_KEY": "aws_access_key_id",
        "BARS_STORE_SECRET_KEY": "aws_secret_access_key",
        "BARS_STORE_REGION": "aws_region",
    }
    return {option: values[name] for name, option in names.items() if name in values}


def _keys(values: Mapping[str, str]) -> tuple[str, str] | None:
    names = ("MASSIVE_ACCESS_KEY", "MASSIVE_SECRET_KEY")
    keys = _both(values, *names)
    if keys is None and (found := [name for name in names if name in values]):
        raise BadInputError(f"{found[0]} is set alone, expected {' and '.join(names)}, or neither")
    return keys


def _both(values: Mapping[str, str], first: str, second: str) -> tuple[str, str] | None:
    # Half a pair of AWS is somebody else's matter, not an error of ours.
    return (values[first], values[second]) if first in values and second in values else None


def _number(name: str, text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise BadInputError(f"{name} is {text!r}, expected a number of {what}, 1 or more")
    return int(text)


def _yes_or_no(name: str, text: str) -> bool:
    if text.casefold() not in (*_TRUE, *_FALSE):
        raise BadInputError(f"{name} is {text!r}, expected true or false")
    return text.casefold() in _TRUE
