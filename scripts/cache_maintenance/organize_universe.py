"""Create the themes (THEME groups) and their members from themes.csv."""

import sys
from collections.abc import Sequence

from tickstock.load_command import command
from tickstock.loaders import THEMES


def main(argv: Sequence[str] | None = None) -> int:
    return command(THEMES, argv)


if __name__ == "__main__":
    sys.exit(main())
