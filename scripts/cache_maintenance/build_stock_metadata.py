"""Put every stock into one sector: from overrides and symbol rules, else 'unknown'."""

import sys
from collections.abc import Sequence

from tickstock.load_command import command
from tickstock.loaders import BUILD


def main(argv: Sequence[str] | None = None) -> int:
    return command(BUILD, argv)


if __name__ == "__main__":
    sys.exit(main())
