"""A session that counts the samples it ran, so that its provider knows when its sandbox is worn out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol

from proctor.errors import SandboxError, SandboxUnavailable
from proctor.sandbox.provider import Hello, PairRan, Program, Session
from proctor.settings import Tier
from proctor.wire import Limits

#: How long a warm supervisor may take to answer, seconds.
_PING_S = 5.0
#: From the weakest to the strongest.
_STRENGTH: tuple[Tier, ...] = ("U", "A", "B")


class AnsweringSession(Session, Protocol):
    """A session that can be asked for a sign of life."""

    def ping(self, within_s: float) -> None:
        """Raises SandboxLost, SandboxProtocolError."""


class LeasedSession:
    """Hands everything on to `inner`. `before` is called with each sample's limits before it runs, and may raise
    SandboxError."""

    def __init__(
        self, inner: AnsweringSession, *, image: str | None = None, before: Callable[[Limits], None] = lambda _: None
    ) -> None:
        self._inner = inner
        self._before = before
        self.hello: Hello = dataclasses.replace(inner.hello, image=image) if image else inner.hello
        self.samples = 0
        self.closed = False

    def program(self, language: str, source: bytes, limits: Limits, *, cases: int = 1) -> Program:
        """See `Session.program`."""
        self._begin(limits)
        return self._inner.program(language, source, limits, cases=cases)

    def pair(
        self, language: str, source: bytes, tests: dict[str, Any], limits: Limits, *, stop: str, first_case: int = 0
    ) -> PairRan:
        """See `Session.pair`."""
        self._begin(limits)
        return self._inner.pair(language, source, tests, limits, stop=stop, first_case=first_case)

    def healthy(self) -> bool:
        """Whether its supervisor still answers."""
        if self.closed:
            return False
        try:
            self._inner.ping(_PING_S)
        except SandboxError:
            return False
        return True

    def close(self) -> None:
        """See `Session.close`."""
        self.closed = True
        self._inner.close()

    def _begin(self, limits: Limits) -> None:
        self.samples += 1
        self._before(limits)


def require(hello: Hello, *, tier: Tier, language: str) -> None:
    """Raises SandboxUnavailable where a sandbox is weaker than `tier` or does not serve `language`."""
    if hello.tier not in _STRENGTH or _STRENGTH.index(hello.tier) < _STRENGTH.index(tier):
        raise SandboxUnavailable(f"the sandbox offers tier {hello.tier}, and PROCTOR_MIN_TIER is {tier}")
    if language not in hello.languages:
        raise SandboxUnavailable(f"the sandbox serves {sorted(hello.languages)}, not {language}")
