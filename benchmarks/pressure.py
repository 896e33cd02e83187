"""`python -m benchmarks.pressure readers|uploads [--count N] [--seconds S]`: memory of the API process under clients
that do not read what they are sent, or that all upload the largest body at once.

Told: resident memory before, at most and after, MiB; how long `/healthz` took at most meanwhile; the answers by status.
Exits 1 where memory went over `--most-mib`, where `/healthz` did not answer, or where an honest client beside them did
not get what it asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.service import Service, serve

SAMPLES = 2000
BODY_MIB = 256
PIECE = 1 << 20
EVERY_S = 0.1
AFTER_S = 10.0
#: MiB that are allowed: half of one per reader and what the process is; bodies' own bound, parsed.
MOST_MIB = {"readers": 700, "uploads": 2048}
COUNT = {"readers": 1000, "uploads": 200}
SECONDS = {"readers": 10.0, "uploads": 60.0}
STDIO = {"kind": "stdio", "cases": [{"stdin": "", "stdout": "4\n"}]}
LOUD = "import sys; print('x' * 4000); print('y' * 4000, file=sys.stderr)"


@dataclass
class Watch:
    """The API process's memory, and the patience of its `/healthz`."""

    service: Service
    pid: int
    before_mib: float = 0.0
    peak_mib: float = 0.0
    slowest_s: float = 0.0
    unanswered: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def look(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        mib = pages * 4096 / 2**20
        self.peak_mib = max(self.peak_mib, mib)
        return mib

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        self.before_mib = self.look()
        tasks = [asyncio.create_task(self._memory()), asyncio.create_task(self._health())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _memory(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(EVERY_S)

    async def _health(self) -> None:
        async with httpx.AsyncClient(base_url=self.service.base, timeout=30) as http:
            while True:
                began = time.monotonic()
                try:
                    (await http.get("/healthz")).raise_for_status()
                except httpx.HTTPError:
                    self.unanswered += 1
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                await asyncio.sleep(EVERY_S)


def api_pid(service: Service) -> int:
    """The API process of a service."""
    for pid in service.descendants():
        if b"proctor\0api" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise RuntimeError("there is no API process")


async def readers(watch: Watch, count: int, seconds: float) -> bool:
    """`count` connections that ask for the results of a batch and read nothing; and one that reads them."""
    sample = {"completion": LOUD, "tests": STDIO}
    body = {"samples": [{**sample, "id": str(i)} for i in range(SAMPLES)]}
    async with httpx.AsyncClient(base_url=watch.service.base, timeout=120) as http:
        batch = (await http.post("/v1/batches", json=body)).json()["id"]
        await http.get(f"/v1/batches/{batch}/results")  # until it is done
        held = []
        try:
            async with watch.watching():
                for _ in range(count):
                    held.append(await asyncio.to_thread(_ask, watch.service.base, batch))
                await asyncio.sleep(seconds)
                whole = (await http.get(f"/v1/batches/{batch}/results")).content
        finally:
            for one in held:
                one.close()
    print(f"{count} readers of {len(whole) / 2**20:.1f} MiB each, of which none reads")
    return len(whole.splitlines()) == SAMPLES


def _ask(base: str, batch: str) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", int(base.rsplit(":", 1)[1])))
    one.sendall(f"GET /v1/batches/{batch}/results HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return one


async def uploads(watch: Watch, count: int, seconds: float) -> bool:
    """`count` clients that send the largest body at once, each a sample with a prompt of that size; and one that has a
    small sample to score."""
    start = json.dumps({"samples": [{"completion": "", "tests": STDIO, "language": "cobol", "prompt": ""}]}).encode()[
        :-4
    ]
    size = (BODY_MIB << 20) - len(start) - 4
    async with watch.watching():
        sending = [asyncio.create_task(_upload(watch, start, size)) for _ in range(count)]
        async with httpx.AsyncClient(base_url=watch.service.base, timeout=seconds) as http:
            await asyncio.sleep(seconds / 4)
            small = {"samples": [{"completion": "print(2 + 2)", "tests": STDIO}]}
            answer: dict[str, Any] = (await http.post("/v1/rewards", json=small)).json()
        await asyncio.wait(sending, timeout=seconds * 3 / 4)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
    print(f"{count} uploads of {BODY_MIB} MiB at once, for {seconds:g} s")
    return bool(answer["results"][0]["verdict"] == "passed")


async def _upload(watch: Watch, start: bytes, size: int) -> None:
    status = "still sending at the end"
    reader, writer = await asyncio.open_connection("127.0.0.1", int(watch.service.base.rsplit(":", 1)[1]))
    answer = asyncio.create_task(reader.readline())
    try:
        head = f"POST /v1/rewards HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(start) + size + 4}\r\n\r\n"
        writer.write(head.encode() + start)
        for at in range(0, size, PIECE):
            writer.write(b"p" * min(PIECE, size - at))
            await writer.drain()
            if answer.done():
                break
        writer.write(b'"}]}')
        status = (await answer).split(b" ")[1].decode()
    except ConnectionError:
        status = "hung up on"
    finally:
        watch.statuses[status] += 1
        answer.cancel()
        writer.transport.abort()


WAYS = {"readers": readers, "uploads": uploads}


async def press(way: str, count: int, seconds: float, most_mib: float) -> int:
    with serve("--workers", "1", "--sandbox", "namespace", PROCTOR_MAX_BODY_MIB=str(BODY_MIB)) as service:
        watch = Watch(service, api_pid(service))
        served = await WAYS[way](watch, count, seconds)
        await asyncio.sleep(AFTER_S)
        after = watch.look()
    print(
        f"API process: {watch.before_mib:.0f} MiB before, {watch.peak_mib:.0f} at most, {after:.0f} after {AFTER_S:g} s"
    )
    print(
        f"/healthz took {watch.slowest_s:.2f} s at most, unanswered {watch.unanswered}; answers {dict(watch.statuses)}"
    )
    print(f"the honest client beside them was {'served' if served else 'NOT served'}")
    return 0 if served and not watch.unanswered and watch.peak_mib <= most_mib else 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pressure", description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--most-mib", type=float)
    options = parser.parse_args()
    way = options.way
    chosen = (options.count or COUNT[way], options.seconds or SECONDS[way], options.most_mib or MOST_MIB[way])
    raise SystemExit(asyncio.run(press(way, *chosen)))


if __name__ == "__main__":
    main()
