"""Write docs/commands.md: what --help prints for every script. A test compares the two."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = REPOSITORY / "docs" / "commands.md"
FOLDERS = ("cache_maintenance", "market_data", "maintenance", "dev_tools")
HEAD = """\
# Commands

What `--help` prints, script by script. `scripts/dev_tools/write_command_docs.py` writes this file; a test compares it.
"""


def document() -> str:
    """The whole file."""
    parts = [HEAD]
    for folder in FOLDERS:
        for path in sorted((REPOSITORY / "scripts" / folder).glob("*.py")):
            text = help_of(path)
            parts.append(_section(f"## {folder}/{path.name}", text))
            # As argparse lists them in the usage: {loads,show} ...
            if commands := re.search(r"\{([\w,-]+)\}\s+\.\.\.", text):
                for command in commands[1].split(","):
                    parts.append(_section(f"### {path.name} {command}", help_of(path, command)))
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    return f"{title}\n\n```text\n{text}\n```\n"


def help_of(path: Path, *command: str) -> str:
    """What a script, or a subcommand of it, prints for --help, a hundred columns wide."""
    process = subprocess.run(
        [sys.executable, str(path), *command, "--help"],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )
    return process.stdout.strip()


def main(argv: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="write_command_docs.py", description=__doc__).parse_args(argv)
    TARGET.write_text(document(), encoding="utf-8")
    print(f"{TARGET.relative_to(REPOSITORY)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
