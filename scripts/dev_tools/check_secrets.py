"""Look for credentials and for paths of one machine, in the tracked files and in every line of the history."""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Spelled so that no pattern finds itself here.
PATTERNS = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a secret key": re.compile(r"(?i)(?:secret|access)_?(?:access_?)?key['\"]?\s*[=:]\s*['\"]?[A-Za-z0-9/+]{20,}"),
    "an access key in the shape of a UUID": re.compile(
        r"(?i)key['\"]?\s*[=:]\s*['\"]?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    ),
    "a token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|eyJ[\w-]{20,}\.eyJ[\w-]{20,})"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE" r" KEY-----"),
    "a password in an address": re.compile(
        r"(?:postgres(?:ql)?(?:\+\w+)?|rediss?|unix)://[^\s:/@{<\"']*:(?!password@|canary|\{|p@h|%|p@ss)[^\s@{<\"']{4,}@(?!host\b|h/)"
    ),
    "a path of one machine": re.compile(r"(?<![\w./-])/(?:work|root|home/[a-z]+)/[A-Za-z.]"),
}


def _git(*arguments: str) -> str:
    result = subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, encoding="utf-8", errors="replace"  # noqa: S607
    )
    return result.stdout


def _tracked() -> Iterator[tuple[str, str]]:
    for name in _git("ls-files", "-z").split("\0"):
        path = REPOSITORY / name
        if name and path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
                yield f"{name}:{number}", line


def _history() -> Iterator[tuple[str, str]]:
    commit = ""
    for line in _git("log", "--all", "-p", "--no-color", "--format=commit %h").splitlines():
        if line.startswith("commit "):
            commit = line
        elif line.startswith("+"):
            yield commit, line[1:]


def findings(lines: Iterator[tuple[str, str]]) -> list[str]:
    """One sentence for every (place, line) that looks like something that must not be here."""
    return [
        f"{place}: found what looks like {what}; take it out, and if it was ever real, revoke it"
        for place, line in lines
        for what, pattern in PATTERNS.items()
        if pattern.search(line)
    ]


def main(argv: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="check_secrets", description=__doc__).parse_args(argv)
    found = [*findings(_tracked()), *findings(_history())]
    for sentence in sorted(set(found)):
        print(sentence)
    if not found:
        print("no credentials and no paths of one machine, in the files and in the history")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
