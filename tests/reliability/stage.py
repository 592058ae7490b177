"""The database of the campaign: its old state, put back as often as needed, and how its commands change it."""

from __future__ import annotations

import shlex
import time
from contextlib import redirect_stderr, redirect_stdout
from copy import copy
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import pytest

from tests.conftest import load_script, uri_with_password
from tests.reliability import kept
from tests.reliability.commands import FIRST_LOADS, HANDS, PLAN
from tests.reliability.processes import Ended, Running, Trap, run, start
from tests.reliability.states import State, state
from tests.stored import everything, query
from tickstock.db import Connection, Database


class Course(NamedTuple):
    """How a command goes when nothing goes wrong: where it leads to, over how many points, in how many seconds."""

    state: State
    points: int
    seconds: float


class Stage:
    """A database with the files of week 0 in it and those of week 1 at hand, and a witness."""

    def __init__(self, database: Database, week0: Path, week1: Path) -> None:
        self.database, self.folder = database, week1
        self.witness: Connection = psycopg2.connect(**database.parameters, application_name="witness")
        self.witness.autocommit = True
        self._before: dict[str, list[tuple[Any, ...]]] = {}
        self._courses: dict[str, Course] = {}
        for command in FIRST_LOADS:
            ended = run(database, week0, command)
            assert ended.status == 0, ended
        for statement in HANDS:
            query(self.witness, statement)
        kept.keep(self.witness)
        self.put_back()
        self.old = state(self.witness)
        assert self.run(PLAN).status == 0

    def put_back(self) -> None:
        """Make it the old state again, with nobody at work on it."""
        kept.put_back(self.witness)
        self._before = everything(self.witness)

    def start(self, command: str, trap: Trap | None = None) -> Running:
        return start(self.database, self.folder, command.format(folder=self.folder), trap)

    def run(self, command: str, trap: Trap | None = None) -> Ended:
        return self.start(command, trap).wait()

    def call(self, command: str, database: Database | None = None) -> Ended:
        """Run a script in this process: faster, and good enough where nothing happens to it."""
        name, *arguments = shlex.split(command.format(folder=self.folder))
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setenv("DATABASE_URI", uri_with_password(database or self.database))
            patch.setenv("HOLDINGS_DIR", str(self.folder))
            status = load_script(name).main(arguments)
        return Ended(status, out.getvalue(), err.getvalue(), 0)

    def with_folder(self, folder: Path) -> Stage:
        """The same with other files at hand."""
        other = copy(self)
        other.folder, other._courses = folder, {}
        return other

    def through(self, database: Database) -> Stage:
        """The same, reached by another way."""
        other = copy(self)
        other.database = database
        return other

    def course(self, command: str) -> Course:
        if command not in self._courses:
            self.put_back()
            begun = time.monotonic()
            ended = self.run(command)
            seconds = time.monotonic() - begun
            assert ended.status == 0, ended
            self._courses[command] = Course(state(self.witness), ended.points, seconds)
            assert self._courses[command].state != self.old
        return self._courses[command]

    def settle(self) -> float:
        """Wait until no session of a script is left, nor a lock of one; give the seconds that took."""
        return kept.settle(self.witness)

    def is_new(self, new: State) -> bool:
        """Whether the new state is stored. If not, it has to be the old one, to the last row version."""
        if everything(self.witness) == self._before:
            return False
        assert state(self.witness) == new
        return True
