"""Warm sandboxes: lent, given back, and replaced when they are lost or worn out. Shared by providers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from proctor.errors import SandboxUnavailable
from proctor.sandbox.leased import LeasedSession
from proctor.sandbox.provider import Session


class Sandbox(Protocol):
    """A sandbox with one session."""

    @property
    def session(self) -> LeasedSession:
        """The session, the same for the sandbox's life."""

    def healthy(self) -> bool:
        """Whether its supervisor still answers."""

    def end(self) -> None:
        """Kill what runs and leave nothing behind. Never raises."""


class Pool:
    """The sandboxes of one provider. Thread-safe."""

    def __init__(self, make: Callable[[str], Sandbox], *, recycle: int) -> None:
        """make: a new sandbox for a language; may raise SandboxUnavailable. recycle: samples in a sandbox's life."""
        self._make = make
        self._recycle = recycle
        self._lock = threading.Lock()
        self._closed = False
        self._idle: list[Sandbox] = []
        self._lent: dict[int, Sandbox] = {}

    def session(self, language: str) -> Session:
        """A warm sandbox's session, else a new one's. Raises SandboxUnavailable."""
        sandbox = self._warm(language) or self._make(language)
        with self._lock:
            if not self._closed:
                self._lent[id(sandbox.session)] = sandbox
                return sandbox.session
        sandbox.end()
        raise SandboxUnavailable("the provider is closed")

    def give_back(self, session: Session) -> None:
        """Keep the session's sandbox for the next one, or end it."""
        with self._lock:
            sandbox = self._lent.pop(id(session), None)
        if sandbox is None:  # given back twice, or ended by `close`
            return
        sandbox.session.sit(None)  # whoever has it next says where it is to stay
        if sandbox.session.samples < self._recycle and sandbox.healthy():
            with self._lock:
                if not self._closed:
                    self._idle.append(sandbox)
                    return
        sandbox.end()

    def close(self) -> list[Sandbox]:
        """End every sandbox, lent ones too; which they were."""
        with self._lock:
            self._closed = True
            every = [*self._idle, *self._lent.values()]
            self._idle.clear()
            self._lent.clear()
        for sandbox in every:
            sandbox.end()
        return every

    def keep(self, sandbox: Sandbox) -> bool:
        """Keep a sandbox that nobody asked for, unless one that serves the same is there; whether it is kept."""
        serves = set(sandbox.session.hello.languages)
        with self._lock:
            if self._closed or any(serves <= set(s.session.hello.languages) for s in self._every()):
                return False
            self._idle.append(sandbox)
            return True

    def languages(self) -> dict[str, str]:
        """Name → version of what the sandboxes here serve, lent ones too."""
        with self._lock:
            return {name: version for s in self._every() for name, version in s.session.hello.languages.items()}

    def _every(self) -> list[Sandbox]:
        return [*self._idle, *self._lent.values()]

    def _warm(self, language: str) -> Sandbox | None:
        while True:
            with self._lock:
                sandbox = next((s for s in self._idle if language in s.session.hello.languages), None)
                if sandbox is None:
                    return None
                self._idle.remove(sandbox)
            if sandbox.healthy():
                return sandbox
            sandbox.end()
