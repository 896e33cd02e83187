"""A unit's session where its parts want sandboxes of several families: a checker in C++ for a candidate in Python."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from proctor.errors import SandboxLost
from proctor.sandbox.provider import DuoRan, Hello, PairRan, Program, Provider, Session, Sources
from proctor.wire import Limits


class Routed:
    """Hands each request to a session that serves its language: the first one, or another of the provider's."""

    def __init__(self, provider: Provider, first: Session) -> None:
        self._provider = provider
        self._parts: list[Session] = [first]
        self._lock = threading.Lock()
        self._closed = False
        self._cpu: int | None = None
        self.hello: Hello = first.hello

    def parts(self) -> list[Session]:
        """Every session that is open; the first one first."""
        with self._lock:
            return list(self._parts)

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
        return self._serving(language).program(language, source, limits, cases=cases, files=files)

    def duo(self, candidate: Sources, tests: Sources, limits: Limits) -> DuoRan:
        """See `Session.duo`. Both in one sandbox, which serves the languages of one family."""
        return self._serving(candidate.language).duo(candidate, tests, limits)

    def pair(
        self, language: str, source: bytes, tests: bytes, limits: Limits, *, stop: str, first_case: int = 0
    ) -> PairRan:
        """See `Session.pair`."""
        serving = self._serving(language)
        return serving.pair(language, source, tests, limits, stop=stop, first_case=first_case)

    def sit(self, cpu: int | None) -> None:
        """See `Session.sit`: all parts."""
        self._cpu = cpu
        for part in self.parts():
            part.sit(cpu)

    def hung_up(self) -> bool:
        """See `Session.hung_up`: of any part."""
        return any(part.hung_up() for part in self.parts())

    def close(self) -> None:
        """See `Session.close`: of all parts, and none is opened any more."""
        with self._lock:
            self._closed = True
            parts = list(self._parts)
        for part in parts:
            part.close()

    def _serving(self, language: str) -> Session:
        for part in self._parts:
            if language in part.hello.languages:
                return part
        another = self._provider.session(language)
        another.sit(self._cpu)
        with self._lock:
            if not self._closed:
                self._parts.append(another)
                return another
        self._provider.give_back(another)
        raise SandboxLost("the session was closed")
