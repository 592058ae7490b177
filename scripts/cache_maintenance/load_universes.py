"""Load stock universes (S&P 500, NASDAQ-100, …) from a folder of symbol lists."""

import sys
from collections.abc import Sequence

from tickstock.load_command import command
from tickstock.loaders import UNIVERSES


def main(argv: Sequence[str] | None = None) -> int:
    return command(UNIVERSES, argv)


if __name__ == "__main__":
    sys.exit(main())
