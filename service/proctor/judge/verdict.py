"""What the kernel's account of a run means: the rules of docs/verdicts.md, in one place.

Nothing here looks at what the guest wrote, but to show it to a person; a program can say of itself alone that it
failed (memory that was refused, an assertion that leaves the exit code alone). A limit that the supervisor
enforced comes first, then how the process ended. Output is compared only where this says nothing.
"""

from __future__ import annotations

import signal

from proctor.judge.excerpt import end_of, start_of
from proctor.sandbox.provider import Ran
from proctor.wire import CaseResult, Limits, Verdict

ASSERTION_FAILED = "assertion_failed"  # flag: one that the language leaves without an exit code, console.assert's
NEAR = 0.9  # from this share of a limit on, a run is `near_limit`

_STOPPED = {
    "cpu": Verdict.TIME_LIMIT,
    "wall": Verdict.TIME_LIMIT,
    "memory": Verdict.MEMORY_LIMIT,
    "output": Verdict.OUTPUT_LIMIT,
    "processes": Verdict.PROCESS_LIMIT,
}


def verdict_of(ran: Ran) -> Verdict | None:
    """The verdict that a run earns by itself; None where it ended well (exit code 0, none of its own assertions
    failed), so that its answer counts.

    Right output does not help a run that then failed.
    """
    if ran.compile_error is not None:
        return Verdict.COMPILE_ERROR
    if ran.stopped is not None:
        return _STOPPED[ran.stopped]
    if ran.exit_code == 0 and ran.signal is None:
        return Verdict.WRONG_ANSWER if ASSERTION_FAILED in ran.flags else None
    return Verdict.MEMORY_LIMIT if "memory_error" in ran.flags else Verdict.RUNTIME_ERROR


def how_it_ended(ran: Ran, limits: Limits) -> str:
    """The end of a run in a few words, for `CaseResult.detail`."""
    if ran.compile_error is not None:
        return start_of(ran.compile_error.encode("utf-8", "surrogatepass")) or "the code does not compile"
    if ran.stopped is not None:
        return _limit_text(ran.stopped, limits)
    if ran.signal is not None:
        return f"killed by signal {ran.signal} ({signal_name(ran.signal)})"
    if "disk_full" in ran.flags:
        return f"exit code {ran.exit_code}; the disk was full ({limits.disk_mib} MiB)"
    if ASSERTION_FAILED in ran.flags:
        return "an assertion in the code failed"
    if "memory_error" in ran.flags:
        return f"MemoryError within {limits.memory_mib} MiB"
    return f"exit code {ran.exit_code}"


def flags_of(ran: Ran, limits: Limits) -> frozenset[str]:
    """The run's own flags, and `near_limit` where it came within 10 % of a limit without reaching it."""
    return ran.flags | {"near_limit"} if near_limit(ran, limits) else ran.flags


def near_limit(ran: Ran, limits: Limits) -> bool:
    """Whether a run that was not stopped used 90 % or more of its CPU time, wall time or memory."""
    used = (ran.cpu_s / limits.cpu_s, ran.wall_s / limits.wall_s, ran.memory_mib / limits.memory_mib)
    return ran.stopped is None and max(used) >= NEAR


def case_result(verdict: Verdict, ran: Ran, detail: str | None = None) -> CaseResult:
    """A case's record; output is shown only where it failed."""
    failed = verdict is not Verdict.PASSED
    return CaseResult(
        verdict=verdict,
        cpu_s=round(ran.cpu_s, 6),
        wall_s=round(ran.wall_s, 6),
        memory_mib=round(ran.memory_mib, 3),
        detail=detail if failed else None,
        stdout=start_of(ran.stdout) if failed else None,
        stderr=end_of(ran.stderr) if failed else None,
    )


def signal_name(number: int) -> str:
    """SIGSEGV and the like; "unknown" for a number without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def _limit_text(stopped: str, limits: Limits) -> str:
    return {
        "cpu": f"more than {limits.cpu_s:g} s of CPU time",
        "wall": f"more than {limits.wall_s:g} s of wall-clock time",
        "memory": f"more than {limits.memory_mib} MiB of memory",
        "output": f"more than {limits.output_kib} KiB of output",
        "processes": f"more than {limits.processes} processes",
    }[stopped]
