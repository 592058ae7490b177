"""What can go wrong, and the exit status that each kind of trouble has.

The library raises these; only :mod:`tickstock.console` turns them into a line on stderr and a status.
"""


class TickstockError(Exception):
    """A failure with a message for people: what was found, what was expected, what to try."""

    exit_status = 1


class BadInputError(TickstockError):
    """A file, a folder or a value cannot be used. Nothing was written."""


class UsageError(TickstockError):
    """Options that do not go together."""

    exit_status = 2


class NoInputError(BadInputError):
    """The folder holds nothing of the kind that was looked for."""


class RefusedError(TickstockError):
    """A guard took the load for an accident. Nothing was written; ``--force`` goes on."""

    exit_status = 3


class BusyError(TickstockError):
    """Somebody else holds the lock, or the database is not up yet: worth a retry."""

    exit_status = 4


class UnavailableError(TickstockError):
    """The database refuses us (password, name, rights) or lacks the tables: a retry changes nothing."""
