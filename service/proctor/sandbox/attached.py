"""Sandboxes that somebody else started: compose replicas, the sidecar of a Kubernetes pod.

The worker listens in a folder that sandboxes mount read-only, and they dial in. No Docker socket is needed, and:
- none can replace a socket: the folder is the worker's, read-only to every sandbox, and a sandbox listens nowhere;
- none can reach another's connection: each socket takes one connection and is then removed, nameless from there on;
- none can stand in for another: who dials has to speak the protocol, name a tier that is strong enough and answer a
  ping before it is given anything, and code inside a sandbox cannot dial at all (`connect` is not on its list).

Sandboxes of one folder trust each other's supervisors not to dial twice. Where even a sandbox that was taken over must
not pose as a second one, give each worker a folder of its own, as a pod does.

Other languages than Python come from sandboxes of other images. A unit may come to any worker, so a worker with several
families waits for one of each before it serves. Each family has a subfolder of its name, so that none can
pose as another; where there is none, all share the folder.
"""

from __future__ import annotations

import secrets
import socket
import time
from pathlib import Path

import structlog

from proctor.errors import ConfigurationError, SandboxError, SandboxUnavailable
from proctor.sandbox.leased import LeasedSession, require
from proctor.sandbox.listener import Listener, remove_stale
from proctor.sandbox.pool import Pool
from proctor.sandbox.provider import Session
from proctor.sandbox.session import SocketSession
from proctor.settings import Settings
from proctor_supervisor.dial import URGENT
from proctor_supervisor.languages.table import PYTHON, families, family, languages_of

#: How long a worker waits for its first sandbox to dial in, seconds: images may have to be fetched.
ARRIVAL_S = 60.0
#: How long it waits for the next one, seconds: a container's restart with room to spare. It holds work meanwhile.
AGAIN_S = 10.0
#: How long one that dialled may take to say hello, seconds.
HELLO_S = 10.0

_log = structlog.get_logger(__name__)


class AttachedProvider:
    """Waits for sandboxes to dial in. Thread-safe."""

    name = "attached"

    def __init__(self, settings: Settings, *, arrival_s: float = ARRIVAL_S, hello_s: float = HELLO_S) -> None:
        """Raises ConfigurationError without a folder to listen in."""
        folder = settings.sandbox_sockets
        if folder is None or not folder.is_dir():
            raise ConfigurationError("the attached provider needs PROCTOR_SANDBOX_SOCKETS: a folder that exists")
        self._folder: Path = folder
        self._settings = settings
        self._arrival_s = arrival_s
        self._hello_s = hello_s
        self._had: dict[str, str] = {}
        self._came_to: dict[str, Path] = {}
        self._pool = Pool(lambda language: self._await({language}), recycle=settings.sandbox_recycle)
        self._families = _families(settings.sandbox_families, folder)
        for name in ("", *families()):
            remove_stale(folder / name)

    def session(self, language: str = PYTHON) -> Session:
        """See `Provider.session`. Waits up to a minute for each family's first sandbox to dial in."""
        for name in self._families:
            wanted = languages_of(name)
            if not wanted <= self.languages().keys():
                one = self._await(wanted)
                if not self._pool.keep(one):
                    one.end()
        return self._pool.session(language)

    def languages(self) -> dict[str, str]:
        """See `Provider.languages`: of every sandbox that was attached; one that is lost is waited for when needed."""
        return {**self._had, **self._pool.languages()}

    def give_back(self, session: Session) -> None:
        """See `Provider.give_back`. Whoever started a sandbox starts the next one when it ends."""
        self._pool.give_back(session)

    def close(self) -> None:
        """See `Provider.close`."""
        self._pool.close()

    def _await(self, wanted: set[str]) -> _Attached:
        """The next sandbox that dials in, keeps the protocol and serves all of `wanted`. Raises SandboxUnavailable.

        One of another family is kept for later, or told to dial again where we have one of its kind.
        """
        again = wanted <= self._had.keys()
        patience_s = min(self._arrival_s, AGAIN_S) if again else self._arrival_s
        until = time.monotonic() + patience_s
        folder = self._folder_of(wanted)
        what = f"no sandbox for {' and '.join(sorted(wanted))} that will do"
        refused = None
        while (left := until - time.monotonic()) > 0:
            listener = Listener(folder, f"{URGENT if again else ''}{secrets.token_hex(8)}.sock")
            try:
                sock = listener.accept(left)
            except SandboxUnavailable as error:
                raise SandboxUnavailable(f"{what}: {error}") from refused
            finally:
                listener.close()
            try:
                one = _Attached(sock, self._settings, self._hello_s)
                if wanted <= one.session.hello.languages.keys():
                    self._had.update(one.session.hello.languages)
                    self._came_to.update(dict.fromkeys(one.session.hello.languages, folder))
                    return one
                if not self._pool.keep(one):
                    one.end()
            except SandboxError as error:
                refused = error
                _log.warning("sandbox_refused", error=str(error))
        raise SandboxUnavailable(f"{what} dialled in within {patience_s:g} s") from refused

    def _folder_of(self, wanted: set[str]) -> Path:
        """Where sandboxes of these languages dial. Raises SandboxUnavailable for a language that is none."""
        one = min(wanted)
        try:
            own = self._folder / family(one)
        except KeyError:
            raise SandboxUnavailable(f"there is no sandbox for {one}") from None
        return self._came_to.get(one, own if own.is_dir() else self._folder)


def _families(named: str | None, folder: Path) -> list[str]:
    """The families that a worker waits for, but for Python's: those that were named, else those that have a folder."""
    given = {name.strip() for name in named.split(",")} if named is not None else {f.name for f in folder.iterdir()}
    return [name for name in families() if name in given and name != PYTHON]


class _Attached:
    """A sandbox of somebody else's, by its connection."""

    def __init__(self, sock: socket.socket, settings: Settings, hello_s: float) -> None:
        """The handshake. Closes `sock` and raises SandboxError where it fails."""
        inner = SocketSession(
            sock,
            hello_s=hello_s,
            allow_in_process=settings.allow_in_process,
            share_isolation=settings.share_isolation,
        )
        try:
            require(inner.hello, tier=settings.min_tier)
            inner.ping(hello_s)
        except SandboxError:
            inner.close()
            raise
        self.session = LeasedSession(inner)

    def healthy(self) -> bool:
        """Whether its supervisor still answers."""
        return self.session.healthy()

    def end(self) -> None:
        """Hang up: the supervisor kills what runs, and a fresh one dials in its place."""
        self.session.close()
