"""Start `proctor serve` as a user would, and talk to it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
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

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("PROCTOR_SHARED_DATA", ROOT.parent / "shared" / "data"))


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of the shared data."""
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def humaneval(salt: str = "") -> list[dict[str, Any]]:
    """Samples of the HumanEval references; `salt` makes each of them another unit."""
    return [
        {
            "id": row["id"],
            "completion": row["reference_solution"] + f"\n# {salt}\n",
            "tests": {"kind": "script", "code": row["tests"], "entry_point": row["entry_point"]},
        }
        for row in rows("humaneval")
    ]


@dataclass(frozen=True)
class Service:
    """A running service: `base` its URL, `pid` of `proctor serve`, `ready_s` from start to ready."""

    base: str
    pid: int
    ready_s: float

    def score(self, samples: list[dict[str, Any]], **body: Any) -> dict[str, Any]:
        """`POST /v1/rewards`; raises where the answer is not 200."""
        answer = httpx.post(f"{self.base}/v1/rewards", json={"samples": samples, **body}, timeout=600)
        answer.raise_for_status()
        return answer.json()

    def descendants(self) -> list[int]:
        """Process ids of the whole tree, `proctor serve` included."""
        parents: dict[int, int] = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = Path(f"/proc/{entry}/stat").read_text()
                except OSError:
                    continue
                parents[int(entry)] = int(stat.rsplit(")", 1)[1].split()[1])
        tree = {self.pid}
        while more := {p for p, parent in parents.items() if parent in tree} - tree:
            tree |= more
        return sorted(tree)


@contextmanager
def serve(*args: str, ready_s: float = 60, **env: str) -> Iterator[Service]:
    """A running `proctor serve`, ended on the way out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the process
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("proctor")), "serve", "--port", str(port), *args],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, **env},
    )
    base = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                if httpx.get(f"{base}/readyz", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if process.poll() is not None or time.perf_counter() - started > ready_s:
                log.seek(0)
                raise RuntimeError(f"proctor serve is not ready: {log.read()[-2000:]}")
            time.sleep(0.02)
        yield Service(base, process.pid, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
