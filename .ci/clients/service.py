"""`proctor serve` for the scripts beside this file, which run in environments of their own. Standard library alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

SQUARE = "```python\nprint(int(input()) ** 2)\n```"
WRONG = "```python\nprint(5)\n```"
UNIT_TESTS = {"inputs": ["3\n", "5\n"], "outputs": ["9\n", "25\n"]}


class Service:
    """A service that can be taken down and brought back at the same address. Its command is $PROCTOR."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        log, path = tempfile.mkstemp(prefix="proctor-serve-")
        command = [os.environ["PROCTOR"], "serve", "--port", str(self._port), "--workers", "2"]
        self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        until = time.monotonic() + 60
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"proctor serve does not start; see {path}")
            time.sleep(0.1)
        os.close(log)
        os.unlink(path)

    @property
    def pid(self) -> int:
        """Of its parent process."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Take it down."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def service() -> Iterator[Service]:
    """A running service."""
    running = Service()
    running.start()
    try:
        yield running
    finally:
        running.stop()


def check(holds: bool, what: object) -> None:
    """End with an error where something does not hold."""
    if not holds:
        raise SystemExit(f"does not hold: {what}")
