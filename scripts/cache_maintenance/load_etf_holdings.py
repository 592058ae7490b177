"""Load the holdings of ETFs from a folder of files."""

import sys
from collections.abc import Sequence

from tickstock.load_command import command
from tickstock.loaders import ETFS


def main(argv: Sequence[str] | None = None) -> int:
    return command(ETFS, argv)


if __name__ == "__main__":
    sys.exit(main())
