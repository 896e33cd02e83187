"""The worker's place in a sandbox: one session at a time, fetched when needed, replaced when lost or worn out."""

from __future__ import annotations

from contextlib import nullcontext

from proctor.sandbox.provider import Hello, Provider, Session
from proctor.worker.routed import Routed
from proctor.worker.seat import Seat


class Slot:
    """Holds at most one session. For the worker's main thread alone; `Session.close` may come from others."""

    def __init__(self, provider: Provider, recycle: int, seat: Seat | None = None) -> None:
        """recycle: units after which the session is given back, so that the provider can replace its sandbox.

        seat: where this thread and the sandbox run.
        """
        self._provider = provider
        self._recycle = recycle
        self._seat = seat
        self._session: Routed | None = None
        self._runs = 0
        self.hello: Hello | None = None

    def session(self, language: str = "python") -> Session:
        """The session for the next unit. Blocks until one is ready; raises SandboxUnavailable."""
        if self._session is not None and (
            self._runs >= self._recycle or language not in self._session.hello.languages or self._session.hung_up()
        ):
            self.leave()
        if self._session is None:
            self._session = self._open(language)
            self.hello = self.hello or self._session.hello
        if self._seat is not None:
            self._seat.look()
            self._session.sit(self._seat.cpu)
        self._runs += 1
        return self._session

    def _open(self, language: str) -> Routed:
        with self._seat.standing() if self._seat is not None else nullcontext():
            return Routed(self._provider, self._provider.session(language))

    def languages(self) -> dict[str, str]:
        """Name → version of all that units may ask for here."""
        return {**self._provider.languages(), **(self.hello.languages if self.hello else {})}

    def is_gone(self) -> bool:
        """Whether the sandbox went away while nobody looked. For any thread."""
        session = self._session
        return session is not None and session.hung_up()

    def leave(self) -> None:
        """Give the session back; one that is lost or closed is replaced by the provider."""
        session, self._session, self._runs = self._session, None, 0
        if session is not None:
            for one in session.parts():
                self._provider.give_back(one)

    def lose(self) -> None:
        """Close the session and give it back: what runs in it is killed, and it is not used again."""
        if self._session is not None:
            self._session.close()
        self.leave()
