"""A Dask cluster of processes on loopback: a scheduler and workers, ended with the context and with this process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bars.s3_server import end_with_parent
from tests.bars.scene import Scene
from tickstock.settings import REPOSITORY


class Cluster(NamedTuple):
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def dask_cluster(scene: Scene, workers: int = 3) -> Iterator[Cluster]:
    """A cluster whose workers see the scene's folders, and none of its settings: tasks bring what they need."""
    with tempfile.TemporaryDirectory(prefix="tickstock-dask-") as folder, ExitStack() as stack:
        file, log = Path(folder) / "scheduler.json", stack.enter_context((Path(folder) / "log").open("wb"))
        processes: list[subprocess.Popen[bytes]] = []

        def start(*arguments: str) -> None:
            environment = {name: scene.environment()[name] for name in ("PATH", "HOME", "TZ")}
            command = [str(Path(sys.executable).with_name("dask")), *arguments, "--host", "127.0.0.1", "--no-dashboard"]
            processes.append(subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, cwd=REPOSITORY,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - it takes no lock
            ))  # fmt: skip

        try:
            start("scheduler", "--port", "0", "--scheduler-file", str(file))
            for _ in range(workers):
                options = ("--no-nanny", "--nthreads", "1", "--local-directory", folder)
                start("worker", "--scheduler-file", str(file), *options)
            yield Cluster(_address(file, workers, log.name), processes[0], processes[1:])
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()


def _address(file: Path, workers: int, log: str) -> str:
    """The scheduler's address, once all workers are there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if Path(log).read_bytes().count(b"Registered to:") == workers:
            return str(json.loads(file.read_text())["address"])
        time.sleep(0.05)
    raise AssertionError(Path(log).read_text()[-3000:])
