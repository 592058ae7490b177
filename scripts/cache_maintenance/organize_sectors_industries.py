"""Create the SECTOR groups: the 11 GICS sectors and 'unknown'."""

import sys
from collections.abc import Sequence

from tickstock.load_command import command
from tickstock.loaders import SECTORS


def main(argv: Sequence[str] | None = None) -> int:
    return command(SECTORS, argv)


if __name__ == "__main__":
    sys.exit(main())
