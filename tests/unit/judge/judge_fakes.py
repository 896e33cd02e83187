"""A sandbox for tests of judging: what a "program" does is a Python function from its run to `Ran`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from proctor.sandbox.provider import Hello, PairRan, Ran
from proctor.wire import Limits

OK = Ran(exit_code=0, signal=None, stopped=None, cpu_s=0.01, wall_s=0.02, memory_mib=9.0)


@dataclass(frozen=True)
class Asked:
    """One run that was asked for."""

    source: str
    limits: Limits
    stdin: bytes
    argv: tuple[str, ...]
    files: dict[str, bytes]


def printed(text: str, **changes: Any) -> Ran:
    return replace(OK, stdout=text.encode("utf-8", "surrogatepass"), **changes)


@dataclass
class FakeSession:
    """`behaviour` says what each run does; `compiles` what compiling yields. One program at a time, as in earnest."""

    behaviour: Callable[[Asked], Ran]
    compiles: Callable[[str], Ran | None] = lambda source: None
    runs: list[Asked] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    hello: Hello = field(default_factory=lambda: Hello("B", {"python": "3.11"}, {}, None))
    open: bool = False

    def program(
        self, language: str, source: bytes, limits: Limits, *, cases: int = 1, files: Any = None
    ) -> FakeProgram:
        assert not self.open, "a session holds one program at a time"
        text = source.decode("utf-8", "surrogatepass")
        self.programs.append(text)
        failed = self.compiles(text)
        self.open = failed is None
        return FakeProgram(self, text, limits, failed)

    def pair(self, *args: Any, **kwargs: Any) -> PairRan:
        raise AssertionError("no pair in these tests")

    def sit(self, cpu: int | None) -> None:
        """Wherever it is."""

    def close(self) -> None:
        self.open = False


@dataclass
class FakeProgram:
    session: FakeSession
    source: str
    limits: Limits
    failed: Ran | None

    def run(
        self,
        stdin: bytes = b"",
        *,
        argv: Sequence[str] = (),
        files: dict[str, bytes] | None = None,
        fetch: Sequence[str] = (),
    ) -> Ran:
        assert self.session.open
        asked = Asked(self.source, self.limits, stdin, tuple(argv), files or {})
        self.session.runs.append(asked)
        return self.session.behaviour(asked)

    def close(self) -> None:
        self.session.open = False
