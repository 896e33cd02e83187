"""The interface between judging and whatever runs code.

A provider hands out sessions. A session is one connection to one supervisor, used by one
worker, one sample at a time. Closing it kills what runs: cancel and the worker's death are
the same event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from proctor.wire import Limits

Stopped = Literal["cpu", "wall", "memory", "output", "processes"]


@dataclass(frozen=True, slots=True)
class Ran:
    """The kernel's account of one process tree that ran in the sandbox. Data, whatever it did.

    exit_code: None where a signal ended it; signal: None where it exited.
    stopped: the limit for which the supervisor killed it; None where it ended by itself.
    cpu_s, wall_s: seconds; memory_mib: peak of the tree, MiB.
    stdout, stderr: as written, at most the output limit each.
    flags: "disk_full", "memory_error" (an uncaught MemoryError under our limit), …
    files: the fetched files that exist, by the path asked for.
    compile_error: diagnostics where the source did not compile, so that nothing ran; else None.
    saturated: the machine had no CPU to spare while it ran, by load other than its own.
    """

    exit_code: int | None
    signal: int | None
    stopped: Stopped | None
    cpu_s: float
    wall_s: float
    memory_mib: float
    stdout: bytes = b""
    stderr: bytes = b""
    flags: frozenset[str] = frozenset()
    files: dict[str, bytes] = field(default_factory=dict)
    compile_error: str | None = None
    saturated: bool = False


@dataclass(frozen=True, slots=True)
class CaseMark:
    """One case as the test process reported it, with the candidate's clock as the supervisor read it.

    verdict: "passed" | "wrong_answer" | "runtime_error" | "tampered" | "tests_invalid".
    """

    verdict: str
    detail: str | None
    cpu_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class PairRan:
    """A candidate and a test process that ran side by side.

    cases: the cases that ended, in order, from `first_case` on. Fewer than asked: the next one was
    cut short, and `candidate` (and `tests`) say by what.
    total: number of cases that the test process counted; None if it did not come that far.
    tests_error: why the tests cannot be run (decided before the candidate ran); else None.
    saturated: as in Ran.
    """

    candidate: Ran
    tests: Ran
    cases: tuple[CaseMark, ...]
    total: int | None
    flags: frozenset[str] = frozenset()
    tests_error: str | None = None
    saturated: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """A program's sources. source: the main one, named by its language; files: the others, by path."""

    language: str
    source: bytes
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DuoRan:
    """A candidate and tests that ran as two programs. Where one did not compile, its compile_error says so, and
    neither ran."""

    candidate: Ran
    tests: Ran


@dataclass(frozen=True, slots=True)
class Hello:
    """What a supervisor says of itself when a session starts."""

    tier: str
    languages: dict[str, str]  # name -> version of compiler or interpreter
    enforcement: dict[str, str]  # limit -> "enforced" | "polled"
    image: str | None  # digest of the image, or a name of the interpreter


class Program(Protocol):
    """One compiled program: run case after case, each in isolation of its own."""

    #: The account of compiling where it failed, so that nothing can run; else None.
    failed: Ran | None

    def run(
        self,
        stdin: bytes = b"",
        *,
        argv: Sequence[str] = (),
        files: dict[str, bytes] | None = None,
        fetch: Sequence[str] = (),
    ) -> Ran:
        """Run one case. Raises SandboxLost, SandboxProtocolError."""

    def close(self) -> None:
        """Forget the program."""


class Session(Protocol):
    """One connection to one supervisor. Not thread-safe, but for `close` and `hung_up`."""

    hello: Hello

    def program(
        self,
        language: str,
        source: bytes,
        limits: Limits,
        *,
        cases: int = 1,
        files: Mapping[str, bytes] | None = None,
    ) -> Program:
        """Compile `source`. `cases` tells how many runs are expected; `files` are more sources, by path, for a language
        that compiles by command. Raises SandboxLost."""

    def duo(self, candidate: Sources, tests: Sources, limits: Limits) -> DuoRan:
        """Compile both and run both at once, joined by a socket at descriptor 3 of each. Raises SandboxLost."""

    def pair(
        self, language: str, source: bytes, tests: bytes, limits: Limits, *, stop: str, first_case: int = 0
    ) -> PairRan:
        """Run test code against a candidate in two processes. `tests` is the JSON of wire tests with every default
        written out (kind function, script or pytest). Raises SandboxLost."""

    def sit(self, cpu: int | None) -> None:
        """From the next request on its processes stay on the CPU of this number; None: on any. A sandbox that cannot
        goes on as it is."""

    def hung_up(self) -> bool:
        """Whether its supervisor is known to be gone; costs nothing to ask. Safe from another thread."""

    def close(self) -> None:
        """End the session at once, killing what runs. Safe from another thread."""


class Provider(Protocol):
    """Hands out sessions."""

    name: str

    def session(self, language: str = "python") -> Session:
        """A session with a fresh or a warm sandbox that serves `language`. Blocks until one is ready.
        Raises SandboxUnavailable."""

    def languages(self) -> dict[str, str]:
        """Name → version of what sessions of this provider can serve, beyond what a session's own hello says."""

    def give_back(self, session: Session) -> None:
        """Keep the session's sandbox warm for the next one, or replace it if it is lost or worn out."""

    def close(self) -> None:
        """End every sandbox of this provider and remove every trace."""
