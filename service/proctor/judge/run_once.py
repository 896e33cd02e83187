"""Run a program once and tell what it did: for the protocols that run code instead of judging it.

The tests of such a unit have the kind `run`, which no public request can send. The account of the run
travels as the `detail` of the unit's only case: so leases, fairness, limits, cancel and recovery are those of any
other unit, and nothing between the worker and the answer has to know of it. Bytes are packed (zlib) and base64.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from proctor.judge.outcome import Outcome
from proctor.judge.run_tests import RunTests
from proctor.judge.unit import Unit
from proctor.judge.verdict import verdict_of
from proctor.sandbox.provider import Ran, Session
from proctor.wire import CaseResult, Verdict


@dataclass(frozen=True, slots=True)
class Account:
    """What a program did: `Ran` without what only the judge needs. compile_error: set where nothing ran."""

    exit_code: int | None
    signal: int | None
    stopped: str | None
    cpu_s: float
    wall_s: float
    memory_mib: float
    stdout: bytes = b""
    stderr: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)
    compile_error: str | None = None


def run_once(unit: Unit, tests: RunTests, session: Session) -> Outcome:
    """Run the unit's program once. Raises SandboxLost, SandboxProtocolError."""
    program = session.program(unit.language, unit.code.encode("utf-8", "surrogatepass"), unit.limits, cases=1)
    if program.failed is not None:
        return _outcome(program.failed)
    try:
        files = {path: base64.b64decode(content) for path, content in tests.files.items()}
        stdin = tests.stdin.encode("utf-8", "surrogatepass")
        return _outcome(program.run(stdin, argv=tests.argv, files=files, fetch=tests.fetch))
    finally:
        program.close()


def _outcome(ran: Ran) -> Outcome:
    verdict = verdict_of(ran) or Verdict.PASSED
    case = CaseResult(
        verdict=verdict, cpu_s=ran.cpu_s, wall_s=ran.wall_s, memory_mib=ran.memory_mib, detail=write_account(ran)
    )
    return Outcome(verdict=verdict, cases=(case,), run_s=ran.wall_s, cpu_s=ran.cpu_s, flags=tuple(sorted(ran.flags)))


def write_account(ran: Ran) -> str:
    """The account of a run as ASCII JSON."""
    return json.dumps(
        {
            "exit_code": ran.exit_code,
            "signal": ran.signal,
            "stopped": ran.stopped,
            "cpu_s": ran.cpu_s,
            "wall_s": ran.wall_s,
            "memory_mib": ran.memory_mib,
            "stdout": _pack(ran.stdout),
            "stderr": _pack(ran.stderr),
            "files": {path: _pack(content) for path, content in ran.files.items()},
            "compile_error": ran.compile_error,
        }
    )


def read_account(text: str) -> Account:
    """The inverse of `write_account`. Raises ValueError, KeyError on other text."""
    data: dict[str, Any] = json.loads(text)
    return Account(
        exit_code=data["exit_code"],
        signal=data["signal"],
        stopped=data["stopped"],
        cpu_s=data["cpu_s"],
        wall_s=data["wall_s"],
        memory_mib=data["memory_mib"],
        stdout=_unpack(data["stdout"]),
        stderr=_unpack(data["stderr"]),
        files={path: _unpack(content) for path, content in data["files"].items()},
        compile_error=data["compile_error"],
    )


def _pack(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, 1)).decode("ascii") if raw else ""


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text)) if text else b""
