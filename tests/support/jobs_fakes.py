"""A sandbox that obeys the code it is given, and processes around a real Redis. No judging happens here.

The code of a unit is a script for the fake, words apart by spaces: `pass`, `fail`, `sleep=S`, `lose` (the sandbox
goes down), `lose-once=FILE`, `lose-down` (and no other comes up), `crash` (our judging raises), `crash-once=FILE`,
`note=WORD` (only makes it another unit).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from proctor.errors import SandboxLost, SandboxUnavailable
from proctor.judge.outcome import Outcome, conclude
from proctor.judge.plan import Plan, PlannedSample, PlannedUnit
from proctor.judge.unit import Unit, unit_key
from proctor.sandbox.provider import Hello
from proctor.serve import redis_server
from proctor.settings import Settings
from proctor.wire import CaseResult, Limits, RewardSpec, Verdict
from proctor.worker.routed import Routed
from proctor.worker.runner import STUB

RUNS = "FAKE_RUNS"  # a file: one line per run that started
DOWN = "FAKE_DOWN"  # a file: while it is there, no sandbox can be had
GONE = "FAKE_GONE"  # a file: where it is there, the sandbox that is in use goes away, and the file with it
STUB_FAILS = "FAKE_STUB_FAILS"  # set: our judging raises whatever the code
TESTS = json.dumps({"kind": "stdio", "cases": [{"stdin": "", "stdout": "ok"}]}).encode()
TESTS_SHA = hashlib.sha256(TESTS).hexdigest()


class FakeSession:
    def __init__(self) -> None:
        self.hello = Hello(tier="B", languages={"python": "3.11"}, enforcement={"cpu_s": "polled"}, image="sha256:fake")
        self.closed = threading.Event()

    def sit(self, cpu: int | None) -> None:
        """Wherever it is."""

    def hung_up(self) -> bool:
        if GONE in os.environ and Path(os.environ[GONE]).exists():
            Path(os.environ[GONE]).unlink()
            self.close()
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()


class FakeProvider:
    name = "fake"

    def __init__(self, settings: Settings) -> None:
        self.down = Path(os.environ.get(DOWN, "/nonexistent"))

    def session(self, language: str = "python") -> FakeSession:
        if self.down.exists():
            raise SandboxUnavailable("told to be down")
        return FakeSession()

    def languages(self) -> dict[str, str]:
        return {}

    def give_back(self, session: FakeSession) -> None: ...

    def close(self) -> None: ...


def judge(unit: Unit, routed: Routed, within_s: float) -> Outcome:
    """Do what the code says."""
    (session,) = routed.parts()
    assert isinstance(session, FakeSession)
    if session.closed.is_set():
        raise SandboxLost("closed")
    if unit.code == STUB and STUB_FAILS in os.environ:
        raise RuntimeError("our bug, whatever the code")
    began = time.monotonic()
    verdict = Verdict.PASSED
    if unit.code not in ("print('ok')", STUB):
        _note(f"start {os.getpid()} {time.time()} {unit.code}")
    for word in unit.code.split():
        what, _, value = word.partition("=")
        if what == "fail":
            verdict = Verdict.WRONG_ANSWER
        elif what == "sleep" and session.closed.wait(float(value)):
            _note(f"killed {os.getpid()} {time.time()} {unit.code}")
            raise SandboxLost("closed")
        elif what == "lose":
            session.close()
            raise SandboxLost("the code did it")
        elif what == "lose-once" and not Path(value).exists():
            Path(value).touch()
            session.close()
            raise SandboxLost("once")
        elif what == "lose-down":
            Path(os.environ[DOWN]).touch()
            session.close()
            raise SandboxLost("and none is left")
        elif what == "crash":
            raise RuntimeError("our bug")
        elif what == "crash-once" and not Path(value).exists():
            Path(value).touch()
            raise RuntimeError("our bug, once")
    seconds = time.monotonic() - began
    return conclude([CaseResult(verdict=verdict, cpu_s=seconds, wall_s=seconds)], 1, run_s=seconds, cpu_s=seconds)


def _note(line: str) -> None:
    if RUNS in os.environ:
        with open(os.environ[RUNS], "a") as file:
            file.write(line + "\n")


# plans


def sample(
    index: int,
    code: str | None,
    *,
    owner: str = "me",
    group: str | None = None,
    wall_s: float = 10.0,
    reasoning: str | None = None,
    known: Outcome | None = None,
    id: str | None = None,
) -> PlannedSample:
    unit = None
    if code is not None:
        limits = Limits(sample_wall_s=wall_s)
        key = unit_key(
            owner=owner, language="python", code=code, tests_sha256=TESTS_SHA, limits=limits, stop="all", sandbox="x"
        )
        unit = PlannedUnit(key, "python", code, TESTS_SHA, limits, "all")
    return PlannedSample(index, id, group, None, "why?", reasoning, None, unit, known, ())


def plan(
    codes: list[str | None] | list[str],
    *,
    owner: str = "me",
    reward: RewardSpec | None = None,
    deadline_s: float = 60.0,
    priority: int = 0,
    run: str | None = None,
    step: int | None = None,
    wall_s: float = 10.0,
    samples: list[PlannedSample] | None = None,
) -> Plan:
    made = samples or [sample(i, code, owner=owner, wall_s=wall_s) for i, code in enumerate(codes)]
    return Plan(tuple(made), {TESTS_SHA: TESTS}, reward or RewardSpec(), deadline_s, priority, run, step, Limits())


# processes


@dataclass
class Service:
    """A Redis of its own, and worker or finisher processes beside the test."""

    folder: Path
    port: int
    redis: subprocess.Popen[bytes] | None = None
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    options: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def settings(self, **values: Any) -> Settings:
        return Settings(redis_url=self.url, namespace="test", **values)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def start_redis(self) -> None:
        command = [redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--loglevel", "warning"]
        self.redis = subprocess.Popen([*command, *self.options], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with contextlib.suppress(redis.exceptions.RedisError), self.client() as client:
                client.ping()
                return
            time.sleep(0.02)
        raise RuntimeError("Redis does not start")

    def stop_redis(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self.redis is not None
        self.redis.send_signal(number)
        self.redis.wait(10)

    def start(self, what: str, **environment: str) -> subprocess.Popen[bytes]:
        """A process: "worker" or "finisher"."""
        env = {**os.environ, "PROCTOR_REDIS_URL": self.url, "PROCTOR_NAMESPACE": "test", RUNS: str(self.runs_file)}
        env |= {DOWN: str(self.down_file), **environment}
        process = subprocess.Popen([sys.executable, __file__, what], env=env)
        self.processes.append(process)
        return process

    @property
    def runs_file(self) -> Path:
        return self.folder / "runs"

    @property
    def down_file(self) -> Path:
        return self.folder / "down"

    def runs(self, word: str = "start") -> list[str]:
        """The codes that were started (or killed), one for each time."""
        if not self.runs_file.exists():
            return []
        lines = [line.split(" ", 3) for line in self.runs_file.read_text().splitlines()]
        return [code for what, _, _, code in lines if what == word]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        if self.redis is not None:
            self.redis.kill()
            self.redis.wait()


@contextlib.contextmanager
def service(folder: Path, *options: str) -> Iterator[Service]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    it = Service(folder, port, options=options)
    try:
        it.start_redis()
        yield it
    finally:
        it.close()


def main(what: str) -> None:
    settings = Settings()
    if what == "worker":
        from proctor.worker.main import run

        run(settings, make_provider=FakeProvider, judge=judge)  # type: ignore[arg-type]
    else:
        import asyncio

        from proctor.finish.finisher import Finisher

        asyncio.run(Finisher(redis.asyncio.Redis.from_url(settings.redis_url), settings, None).run())


if __name__ == "__main__":
    import logging

    logging.basicConfig(level=logging.WARNING)
    main(sys.argv[1])
