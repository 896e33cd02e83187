"""A candidate and a test process side by side, joined by one socket; see `pair/` for what they say over it.

The test process alone holds the report's pipe. Its lines, JSON objects each:

    {"total": n}                                    how many cases there are
    {"case": i}                                     case i starts: the clocks of both trees are set to zero
    {"end": i, "verdict": …, "detail": …}           case i ended
    {"tests_error": …} {"flag": …} {"done": true, "stays": …}

Tests that have not even been read (no `total` yet) are waited for when the candidate has ended: whether they can be run
at all does not depend on it.

When the candidate is stopped for a limit, nothing is believed that the test process says afterwards: it can only have
seen the socket close. When the tests have ended, the candidate ends
by itself, or is soon killed (flag `ended`).
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass, field

from . import linux, resident, ward
from .host import Host
from .job import Job
from .resident import Resident
from .run import Guest, Ran
from .watch import Watch

_GRACE_S = 2.0
_PARTING_S = 0.02
_REPORT_MAX = 64 << 20
_LINE_MAX = 1 << 20
_DETAIL_MAX = 4096
_VERDICTS = frozenset(("passed", "wrong_answer", "runtime_error", "compile_error", "memory_limit", "tampered"))


@dataclass(slots=True)
class Report:
    """What the test process said."""

    cases: list[dict] = field(default_factory=list)
    total: int | None = None
    flags: set[str] = field(default_factory=set)
    tests_error: str | None = None
    done: bool = False


class Lone(Guest):
    """A test process of another language, for one run: `peer` becomes its descriptor 3, the report's pipe its 4."""

    def __init__(self, host: Host, tests: Job, peer: socket.socket) -> None:
        self.pipe, pipe_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(pipe_end, True)
        try:
            super().__init__(host, host.tests, tests, b"", [peer.fileno(), pipe_end])
        finally:
            os.close(pipe_end)

    def rest(self) -> None:
        """It never stays."""

    def close(self) -> None:
        """Close every descriptor."""
        os.close(self.pipe)
        super().close()


def _test_process(host: Host, tests: Job, peer: socket.socket) -> Resident | Lone:
    return resident.take(host, tests.limits, tests.tasks) if tests.kind == "tests" else Lone(host, tests, peer)


def _candidate(host: Host, candidate: Job, peer: socket.socket, apart: bool) -> Guest:
    """The candidate's process, in an isolation of its own where it is to stand `apart`."""
    standing = ward.take(host, candidate) if candidate.kind == "candidate" and not apart else None
    if standing is None:
        return Guest(host, host.candidates, candidate, b"", [peer.fileno()])
    standing.lend(candidate.blobs[0], peer)
    return standing


class Pair:
    """One run of a pair."""

    def __init__(self, host: Host, candidate: Job, tests: Job, *, apart: bool = False) -> None:
        ours, theirs = linux.unix_pair()
        try:
            self.tests: Resident | Lone = _test_process(host, tests, theirs)
            self.candidate = _candidate(host, candidate, ours, apart)
            if isinstance(self.tests, Resident):
                self.tests.lend(tests, theirs)
        finally:
            ours.close()
            theirs.close()
        self.host, self.report = host, Report()
        self.buffer = bytearray()
        self.read = 0
        self.grace: float | None = None
        self.parting: float | None = None

    def run(self, wall_s: float) -> tuple[Ran, Ran, Report]:
        """Until both have ended. wall_s: for all cases together. Raises Closed, Fault."""
        try:
            watch = Watch(self.host, [self.candidate, self.tests], time.monotonic() + wall_s)
            watch.add(self.tests.pipe, self._on_report)
            watch.run(self._settle)
            while self._on_report():
                pass
            return self.candidate.finish(), self.tests.finish(), self.report
        except BaseException:
            self.candidate.close()
            self.tests.close()
            raise

    def _settle(self, now: float) -> None:
        if self.tests.ended and not self.candidate.ended and not self.candidate.doomed:
            self.parting = self.parting or now + _PARTING_S
            if now > self.parting:
                self.candidate.ran.flags.add("ended")
                self.candidate.kill()
        if self.candidate.ended and not self.tests.ended and self.report.total is not None:
            if self.grace is None:
                self.grace = now + _GRACE_S
            elif now > self.grace and not self.tests.doomed:
                self.tests.ran.flags.add("ended")
                self.tests.kill()

    def _on_report(self) -> bool:
        """Take in the report. False at its end, or for now where nothing more is there after the run."""
        try:
            data = os.read(self.tests.pipe, 65536)
        except BlockingIOError:
            return False
        self.read += len(data)
        self.buffer += data
        *lines, rest = self.buffer.split(b"\n")
        self.buffer = rest
        if self.read > _REPORT_MAX or len(rest) > _LINE_MAX:
            self.tests.stop("output")
            return False
        for line in lines:
            self._line(bytes(line))
        return bool(data)

    def _line(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            said = {"flag": "report_malformed"}
        if self.candidate.ran.stopped is None and self.tests.ran.stopped is None:
            self._take(said)
        if said.get("stays") is True and not self.tests.doomed:
            self.tests.rest()

    def _take(self, said: dict) -> None:
        report = self.report
        if "case" in said:
            self.candidate.new_case()
            self.tests.new_case()
        elif "end" in said:
            verdict = said.get("verdict")
            report.cases.append(
                {
                    "verdict": verdict if isinstance(verdict, str) and verdict in _VERDICTS else "tampered",
                    "detail": _text(said.get("detail")),
                    "cpu_s": round(max(0.0, self.candidate.clock() - self.candidate.base_cpu), 6),
                    "wall_s": round(time.monotonic() - self.candidate.since, 6),
                }
            )
        elif "total" in said and type(said["total"]) is int:
            report.total = said["total"]
        elif "tests_error" in said:
            report.tests_error = _text(said["tests_error"]) or ""
        elif "flag" in said:
            report.flags.add(str(said["flag"])[:64])
        elif "done" in said:
            report.done = True


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:_DETAIL_MAX]
