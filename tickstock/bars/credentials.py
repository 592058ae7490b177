"""The keys for the flat files, and where they were found."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import NamedTuple

from tickstock.errors import BadInputError, UnavailableError
from tickstock.market_settings import Massive

_NAMES = ("aws_access_key_id", "aws_secret_access_key")


class Credentials(NamedTuple):
    """A pair of keys. ``where`` tells where they come from; the keys are never shown."""

    access_key: str
    secret_key: str
    where: str

    def __repr__(self) -> str:
        return f"Credentials({self.where})"


def credentials(massive: Massive) -> Credentials:
    """The keys to use: the MASSIVE_ names, then the profiles [massive] and [default], the AWS_ names last.

    The AWS_ names come last because they often hold the keys of somebody's Amazon account.

    Raises:
        UnavailableError: there are none.
        BadInputError: the credentials file cannot be read, or [massive] has one key of the two.
    """
    if massive.keys:
        return Credentials(*massive.keys, "MASSIVE_ACCESS_KEY and MASSIVE_SECRET_KEY")
    path = massive.credentials_file.expanduser()
    profiles = _profiles(path)
    for name in ("massive", "default"):
        found = profiles.get(name, {})
        keys = [found.get(key, "") for key in _NAMES]
        if all(keys):
            return Credentials(keys[0], keys[1], f"profile [{name}] of {path}")
        if name == "massive" and any(keys):
            missing = _NAMES[keys.index("")]
            raise BadInputError(f"profile [massive] of {path} has no {missing}, expected {' and '.join(_NAMES)}")
    if massive.aws_keys:
        return Credentials(*massive.aws_keys, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    raise UnavailableError(
        f"no keys for the flat files of {massive.endpoint}: MASSIVE_ACCESS_KEY and MASSIVE_SECRET_KEY are not set, "
        f"{path} has no profile [massive] or [default], AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; "
        "your plan's dashboard shows the S3 access key and secret key"
    )


def _profiles(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (configparser.Error, ValueError):
        # Their text repeats the line, and that may be a key.
        raise BadInputError(
            f"cannot read {path}: it is no INI file; expected [massive] and the lines {' = … and '.join(_NAMES)} = …"
        ) from None
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror or error}") from error
    return {name: dict(parser.items(name)) for name in parser.sections()}
