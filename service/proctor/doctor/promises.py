"""The promises of a sandbox, and for each the attack that would break it.

A promise is a function: a `Bench` to run programs on goes in, the list of breaches comes out; empty means kept.

`attacks/` print a line per breach and `done` at their end, so that an attack which did not come to its end is never
taken for a promise kept. `bombs/` exceed a limit and must be stopped for it. `cheats/` are functions that do not do
what is asked and must not be paid.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Ran, Session
from proctor.wire import FunctionCase, FunctionTests, Limits, Verdict

LIMITS = Limits(
    cpu_s=2, wall_s=10, memory_mib=256, output_kib=64, processes=32, disk_mib=16, compile_s=10, sample_wall_s=30
)

#: Of an attack, which has to come to its end: under gVisor it makes 65,536 slow system calls.
ATTACK_LIMITS = LIMITS.model_copy(update={"cpu_s": 30, "wall_s": 90, "sample_wall_s": 90})


@dataclass(frozen=True, slots=True)
class Bench:
    """Where attacks run: one session after another with the sandbox under examination."""

    session: Session

    def run(self, source: str, stdin: str = "", limits: Limits = LIMITS) -> Ran:
        """Run a program. Raises SandboxError."""
        program = self.session.program("python", source.encode(), limits)
        if program.failed is not None:
            return program.failed
        try:
            return program.run(stdin.encode())
        finally:
            program.close()

    def attack(self, name: str, stdin: str = "") -> list[str]:
        """Run an attack of `attacks/`; its breaches."""
        ran = self.run(_source("attacks", name), stdin, ATTACK_LIMITS)
        lines = ran.stdout.decode("utf-8", "replace").splitlines()
        if not lines or lines[-1] != "done":
            tail = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            return [*lines, f"the attack did not come to its end ({ran.stopped or ran.exit_code}): {''.join(tail)}"]
        return lines[:-1]

    def verdict(self, code: str, expected: str) -> Verdict:
        """The verdict of `code` on a function test whose expected value is `expected`."""
        tests = FunctionTests(
            kind="function", entry_point="f", cases=[FunctionCase(args=[1], expected=expected) for _ in range(2)]
        )
        unit = Unit(language="python", code=code, tests=tests, limits=LIMITS, stop="first_failure")
        return judge(unit, self.session).verdict


def _source(folder: str, name: str) -> str:
    return (files("proctor.doctor") / folder / f"{name}.py").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised, in words; `limit` names the limit whose enforcement the sandbox reports."""

    name: str
    says: str
    breaches: Callable[[Bench], list[str]]
    limit: str | None = None


def honest(bench: Bench) -> list[str]:
    """The control: without it a sandbox in which nothing runs would keep every promise."""
    ran = bench.run("print(int(input()) * 2)", "21\n")
    wrong = [] if ran.exit_code == 0 and ran.stdout == b"42\n" else [f"an honest program fails: {ran}"]
    verdict = bench.verdict("def f(x):\n    return 'answer'", "answer")
    return wrong + ([] if verdict is Verdict.PASSED else [f"a right function is judged {verdict}"])


def _secret_files(bench: Bench) -> list[str]:
    secret = secrets.token_hex(16)
    with contextlib.ExitStack() as stack:
        for folder in ("/tmp", "/var/tmp", "/dev/shm"):
            with contextlib.suppress(OSError):
                file = stack.enter_context(tempfile.NamedTemporaryFile("w", dir=folder, prefix="proctor-doctor-"))
                Path(file.name).chmod(0o644)
                file.write(secret)
                file.flush()
        return bench.attack("files", secret + "\n")


def _leftovers(bench: Bench) -> list[str]:
    start = f"doctor-{secrets.token_hex(12)}"
    left = bench.run(_source("attacks", "leave"), f"{start}-half-{secrets.token_hex(8)}\n")
    if b"left" not in left.stdout:
        return [f"the attack did not come to its end: {left.stderr[-200:]!r}"]
    return bench.attack("find", start + "\n")


def _supervisor_survives(bench: Bench) -> list[str]:
    for name in ("kill_everything", "write_everywhere"):
        bench.run(_source("attacks", name))
    return bench.attack("oom_score") + honest(bench)


def _unpaid(*names: str) -> Callable[[Bench], list[str]]:
    def breaches(bench: Bench) -> list[str]:
        answer = f"answer-{secrets.token_hex(12)}"
        return [
            f"paid: {name.replace('_', ' ')}"
            for name in names
            if bench.verdict(_source("cheats", name), answer) is Verdict.PASSED
        ]

    return breaches


def _stopped(name: str, *expected: str, **limits: float) -> Callable[[Bench], list[str]]:
    """The bomb must end for one of `expected`: a limit's name, or "refused" where the kernel said no to it."""

    def breaches(bench: Bench) -> list[str]:
        bounds = LIMITS.model_copy(update=limits)
        ran = bench.run(_source("bombs", name), limits=bounds)
        ended = ran.stopped or ("refused" if ran.exit_code != 0 else "unhindered")
        if ended not in expected:
            return [f"ended {ended}, not for {' or '.join(expected)}"]
        # gVisor's clocks tell what tasks wait too: many of them used their CPU time only where that is the limit.
        late = ran.cpu_s > 2 * bounds.cpu_s if ended == "cpu" else ran.wall_s > 2 * bounds.wall_s
        if late or ran.memory_mib > 4 * bounds.memory_mib:  # where it is polled, it grows between two readings
            return [f"stopped late, after {ran.wall_s:.1f} s, {ran.cpu_s:.1f} s of CPU and {ran.memory_mib:.0f} MiB"]
        return []

    return breaches


PROMISES = (
    Promise("control", "an honest program runs and is judged right", honest),
    Promise("network", "no address can be reached, no kernel socket opened", lambda b: b.attack("network")),
    Promise("filesystem", "the system is read-only, the machine's own files unseen", _secret_files),
    Promise("kernel", "mount, ptrace, bpf, io_uring, keys and their like are refused", lambda b: b.attack("kernel")),
    Promise("privileges", "no capability, a filter, no secret, no descriptor", lambda b: b.attack("privileges")),
    Promise("processes", "no other process can be seen, signalled or slowed", lambda b: b.attack("processes")),
    Promise("other samples", "what one sample leaves behind, no later one finds", _leftovers),
    Promise("supervisor", "a sample cannot end or unbalance what watches it", _supervisor_survives),
    Promise("answers", "expected values are out of the candidate's reach", _unpaid("searches_for_the_answer")),
    Promise(
        "verdicts",
        "no exit code, equality, patch or message of the candidate's is believed",
        _unpaid(
            "exit_at_import",
            "exit_in_call",
            "equals_everything",
            "prints_a_verdict",
            "forges_messages",
            "patches_builtins",
        ),
    ),
    Promise("cpu time", "a loop is stopped", _stopped("cpu", "cpu"), "cpu_s"),
    Promise("cpu time, hidden", "children that nobody waits for count", _stopped("cpu_hidden", "cpu"), "cpu_s"),
    Promise("wall time", "sleep is stopped", _stopped("sleep", "wall", wall_s=1.0), "wall_s"),
    Promise("memory", "allocation is stopped", _stopped("memory", "memory"), "memory_mib"),
    Promise("memory, shared", "shared memory counts", _stopped("memory_shared", "memory"), "memory_mib"),
    Promise(
        "processes, number",
        "a fork bomb is stopped",
        # Room for what the children share: gVisor counts it for each of them.
        _stopped("fork", "processes", memory_mib=2048, cpu_s=60, wall_s=60, sample_wall_s=60),
        "processes",
    ),
    Promise("output", "a flood is stopped", _stopped("output", "output"), "output_kib"),
    Promise("disk", "files are bounded", _stopped("disk", "refused", "memory"), "disk_mib"),
)
