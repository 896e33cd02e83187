"""A whole service for one program: `with embedded() as url: …`, ended with the program."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import httpx

from proctor.errors import ConfigurationError

READY_S = 60.0
STOP_S = 20.0


@contextlib.contextmanager
def embedded(*, workers: int | None = None, sandbox: str | None = None) -> Iterator[str]:
    """URL of a service on a free port of the loopback. Call it in the main thread: the service ends with that thread.

    Raises ConfigurationError where it cannot run here.
    """
    from proctor.serve import tied_to_parent

    arguments = ["--host", "127.0.0.1"]
    if workers is not None:
        arguments += ["--workers", str(workers)]
    if sandbox is not None:
        arguments += ["--sandbox", sandbox]
    # No keys: only this machine reaches it, and only for as long as the program lasts.
    environment = {k: v for k, v in os.environ.items() if k not in ("PROCTOR_API_KEYS", "PROCTOR_REDIS_URL")}
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener, tempfile.TemporaryFile() as log:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "proctor", "serve", *arguments, "--fd", str(listener.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(listener.fileno(),),
            start_new_session=True,
            preexec_fn=tied_to_parent(),
        )
        try:
            _await_ready(url, process, log.fileno())
            yield url
        finally:
            _end(process)


def _await_ready(url: str, process: subprocess.Popen[bytes], log: int) -> None:
    end = time.monotonic() + READY_S
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=1).status_code == 200:
                return
        if process.poll() is not None or time.monotonic() > end:
            said = os.pread(log, 1 << 20, 0).decode(errors="replace").strip()
            raise ConfigurationError(f"the embedded service does not start: {said[-1500:] or 'it said nothing'}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
