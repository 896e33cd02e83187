"""`proctor serve` as a user starts it, for tests: its processes, and what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

PROCTOR = str(Path(sys.executable).with_name("proctor"))
STDIO = {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "4\n"}]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def square(salt: object = "", sleep_s: float = 0.0, **fields: Any) -> dict[str, Any]:
    """A right sample; `salt` makes it a unit of its own."""
    code = f"import time; time.sleep({sleep_s})\nprint(int(input()) ** 2)  # {salt}"
    return {"id": str(salt), "completion": code, "tests": STDIO, **fields}


@dataclass
class Service:
    process: subprocess.Popen[bytes]
    base: str
    log: Path
    folder: Path
    seen: set[psutil.Process] = field(default_factory=set)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.base}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def await_ready(self, within_s: float = 30) -> None:
        end = time.monotonic() + within_s
        while not self.ready():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def tree(self) -> list[psutil.Process]:
        """The parent and all its descendants; they are remembered for `left`."""
        parent = psutil.Process(self.process.pid)
        found = [parent, *parent.children(recursive=True)]
        self.seen |= set(found)
        return found

    def named(self, part: str) -> list[psutil.Process]:
        """Direct children whose command line holds `part`."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it died just now
                if part in " ".join(child.cmdline()):
                    found.append(child)
        return found

    def signal(self, number: signal.Signals, within_s: float = 20) -> int:
        self.tree()
        self.process.send_signal(number)
        return self.process.wait(within_s)

    def left(self, within_s: float = 5) -> list[str]:
        """What outlives the service: processes that were seen, and files."""
        end = time.monotonic() + within_s
        while True:
            alive = [p for p in self.seen if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
            files = [str(p) for p in self.folder.rglob("*")]
            if not (alive or files) or time.monotonic() > end:
                return [str(p) for p in alive] + files
            time.sleep(0.05)


@contextmanager
def serving(
    tmp_path: Path, *arguments: str, ready: bool = True, sandbox: str = "namespace", **environment: str
) -> Iterator[Service]:
    """A service; everything temporary of it goes below `tmp_path`."""
    port = free_port()
    folder = tmp_path / "t"  # short: sockets lie in it
    folder.mkdir()
    log = tmp_path / "serve.log"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PROCTOR_")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [PROCTOR, "serve", "--port", str(port), "--sandbox", sandbox, *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**inherited, "TMPDIR": str(folder), **environment},
            start_new_session=True,
        )
    service = Service(process, f"http://127.0.0.1:{port}", log, folder)
    try:
        if ready:
            service.await_ready(30 if sandbox == "namespace" else 90)  # containers take longer on a busy machine
            service.tree()
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def pss_mib(processes: list[psutil.Process]) -> float:
    """Proportional set size of the processes together, MiB."""
    total = 0
    for process in processes:
        try:
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / 1024
