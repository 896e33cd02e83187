"""A session that counts the samples it ran, so that its provider knows when its sandbox is worn out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Protocol

from proctor.errors import SandboxError, SandboxUnavailable
from proctor.sandbox.provider import DuoRan, Hello, PairRan, Program, Session, Sources
from proctor.settings import Tier
from proctor.wire import Limits
from proctor_supervisor.languages.table import COMMANDED

#: How long a warm supervisor may take to answer, seconds.
_PING_S = 5.0
#: From the weakest to the strongest.
_STRENGTH: tuple[Tier, ...] = ("U", "A", "B")


class AnsweringSession(Session, Protocol):
    """A session that can be asked for a sign of life."""

    def ping(self, within_s: float) -> None:
        """Raises SandboxLost, SandboxProtocolError."""

    def hung_up(self) -> bool:
        """Whether the other side is gone, as far as the socket knows."""


class LeasedSession:
    """Hands everything on to `inner`. `before` is called before a sample runs with the most that it may use, its
    compiler and its runtime included, and may raise SandboxError."""

    def __init__(
        self, inner: AnsweringSession, *, image: str | None = None, before: Callable[[Limits], None] = lambda _: None
    ) -> None:
        self._inner = inner
        self._before = before
        self.hello: Hello = dataclasses.replace(inner.hello, image=image) if image else inner.hello
        self.samples = 0
        self.closed = False

    def program(
        self,
        language: str,
        source: bytes,
        limits: Limits,
        *,
        cases: int = 1,
        files: Mapping[str, bytes] | None = None,
    ) -> Program:
        """See `Session.program`."""
        self._begin(limits, language)
        return self._inner.program(language, source, limits, cases=cases, files=files)

    def duo(self, candidate: Sources, tests: Sources, limits: Limits) -> DuoRan:
        """See `Session.duo`."""
        self._begin(limits, candidate.language, tests.language)
        return self._inner.duo(candidate, tests, limits)

    def pair(
        self, language: str, source: bytes, tests: bytes, limits: Limits, *, stop: str, first_case: int = 0
    ) -> PairRan:
        """See `Session.pair`."""
        self._begin(limits, language)
        return self._inner.pair(language, source, tests, limits, stop=stop, first_case=first_case)

    def sit(self, cpu: int | None) -> None:
        """See `Session.sit`."""
        self._inner.sit(cpu)

    def healthy(self) -> bool:
        """Whether its supervisor still answers."""
        if self.closed:
            return False
        try:
            self._inner.ping(_PING_S)
        except SandboxError:
            return False
        return True

    def hung_up(self) -> bool:
        """See `Session.hung_up`."""
        return self.closed or self._inner.hung_up()

    def close(self) -> None:
        """See `Session.close`."""
        self.closed = True
        self._inner.close()

    def _begin(self, limits: Limits, *languages: str) -> None:
        self.samples += 1
        self._before(with_room(limits, *languages))


def with_room(limits: Limits, *languages: str) -> Limits:
    """`limits` with room for what compilers and runtimes of `languages` need beside the code."""
    commanded = [COMMANDED[name] for name in languages if name in COMMANDED]
    if not commanded:
        return limits
    running = sum(limits.memory_mib + one.headroom_mib for one in commanded)
    return limits.model_copy(
        update={
            "memory_mib": max(running, *(one.compile_mib for one in commanded)),
            "disk_mib": max(limits.disk_mib, *(one.compile_disk_mib for one in commanded)),
        }
    )


def require(hello: Hello, *, tier: Tier, language: str | None = None) -> None:
    """Raises SandboxUnavailable where a sandbox is weaker than `tier` or does not serve `language`, if one is named."""
    if hello.tier not in _STRENGTH or _STRENGTH.index(hello.tier) < _STRENGTH.index(tier):
        raise SandboxUnavailable(f"the sandbox offers tier {hello.tier}, and PROCTOR_MIN_TIER is {tier}")
    if language is not None and language not in hello.languages:
        raise SandboxUnavailable(f"the sandbox serves {sorted(hello.languages)}, not {language}")
