"""Classify every stock from all evidence: overrides, sector SPDRs, issuers' files, a classification."""

import sys
from collections.abc import Sequence

from tickstock.load_command import command
from tickstock.loaders import ENRICH


def main(argv: Sequence[str] | None = None) -> int:
    return command(ENRICH, argv)


if __name__ == "__main__":
    sys.exit(main())
