"""A service as a user would start it, beside a Redis of our own that can be asked what it was told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import redis

from proctor.bench import cpu
from proctor.serve import private_folder, redis_command

READY_S = 90.0


@dataclass(frozen=True)
class Service:
    """A running service. base: its URL; pid: of `proctor serve`; ready_s: from start to ready; redis: its queue.

    client: one for all requests, as a trainer has it; making one takes longer than a sample.
    """

    base: str
    pid: int
    redis_pid: int
    ready_s: float
    redis: Any
    client: httpx.Client

    def score(self, samples: list[dict[str, Any]], **body: Any) -> dict[str, Any]:
        """`POST /v1/rewards`. Raises httpx.HTTPStatusError where the answer is not 200."""
        answer = self.client.post("/v1/rewards", json={"samples": samples, **body})
        answer.raise_for_status()
        return dict(answer.json())

    def roles(self) -> cpu.Roles:
        """Its processes by role."""
        return cpu.Roles.of(self.pid, self.redis_pid)

    def commands(self) -> dict[str, int]:
        """Redis commands since the start: `sent` by clients and `all`, those inside scripts included."""
        stats = self.redis.info("commandstats")
        calls = {name.removeprefix("cmdstat_"): int(stat["calls"]) for name, stat in stats.items()}
        return {"all": sum(calls.values()), **calls}


@contextmanager
def serve(*args: str, **env: str) -> Iterator[Service]:
    """A running `proctor serve` with a Redis of its own, both ended on the way out."""
    with private_folder() as folder, _redis(folder) as (queue, client):
        log = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the process
        port = _free_port()
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "proctor", "serve", "--port", str(port), *args],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PROCTOR_REDIS_URL": f"unix://{folder}/redis.sock", "PROCTOR_API_KEYS": "", **env},
        )
        base = f"http://127.0.0.1:{port}"
        try:
            _await_ready(base, process, log, started)
            ready_s = time.perf_counter() - started
            with httpx.Client(base_url=base, timeout=900) as http:
                yield Service(base, process.pid, queue.pid, ready_s, client, http)
        finally:
            _end(process)


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    server = subprocess.Popen(redis_command(folder), stdin=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=str(folder / "redis.sock"))
    try:
        end = time.monotonic() + 10
        while True:
            try:
                client.ping()
                break
            except redis.exceptions.ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
        yield server, client
    finally:
        client.close()
        _end(server)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(base: str, process: subprocess.Popen[bytes], log: Any, started: float) -> None:
    while True:
        try:
            if httpx.get(f"{base}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.perf_counter() - started > READY_S:
            log.seek(0)
            raise RuntimeError(f"proctor serve is not ready: {log.read()[-2000:]}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
