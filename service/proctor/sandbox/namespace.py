"""Sandboxes without a daemon: each a child process of the worker, in namespaces of its own.

The child runs the system's interpreter, never the service's, on a read-only root of its own, as nobody else. Where the
kernel does not allow that, it falls to a weaker tier or refuses (`PROCTOR_MIN_TIER`). It dies with the worker.
"""

from __future__ import annotations

import json
import socket
import subprocess
from functools import cache
from pathlib import Path

import proctor_supervisor
from proctor.errors import SandboxError, SandboxUnavailable
from proctor.sandbox.leased import LeasedSession, require
from proctor.sandbox.pool import Pool
from proctor.sandbox.provider import Session
from proctor.sandbox.session import SocketSession
from proctor.settings import Settings
from proctor_supervisor.languages.probe import installed

SYSTEM_PYTHON = Path("/usr/bin/python3")
_SOURCES = Path(proctor_supervisor.__file__).parent.parent
_BOOT = f"import sys; sys.path.insert(0, {str(_SOURCES)!r}); from proctor_supervisor.main import main; main()"
_END_S = 5.0
_OUTPUT_MAX = 4096


class NamespaceProvider:
    """Starts supervisors as child processes and keeps them warm. Thread-safe."""

    name = "namespace"

    def __init__(self, settings: Settings, *, tier: str | None = None) -> None:
        """`tier`: use this one and no other, for tests."""
        self._settings = settings
        self._tier = tier
        self._pool = Pool(self._start, recycle=settings.sandbox_recycle)

    def session(self, language: str = "python") -> Session:
        """See `Provider.session`."""
        return self._pool.session(language)

    def languages(self) -> dict[str, str]:
        """See `Provider.languages`: every sandbox here serves all that the host has, and says so itself."""
        return {}

    def give_back(self, session: Session) -> None:
        """See `Provider.give_back`."""
        self._pool.give_back(session)

    def close(self) -> None:
        """See `Provider.close`."""
        self._pool.close()

    def _start(self, language: str) -> _Sandbox:
        sandbox = _Sandbox(self._settings, self._tier, language)
        try:
            require(sandbox.session.hello, tier=self._settings.min_tier, language=language)
        except SandboxError:
            sandbox.end()
            raise
        return sandbox


class _Sandbox:
    """One supervisor's process and its session. Raises SandboxUnavailable where it cannot start."""

    def __init__(self, settings: Settings, tier: str | None, language: str) -> None:
        self.language = language
        python = settings.sandbox_python or SYSTEM_PYTHON
        arguments = _arguments(settings, tier)
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [str(python), "-I", "-S", "-B", "-c", _BOOT, "--fd", str(theirs.fileno()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env={},
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise SandboxUnavailable(f"{python} cannot be started: {error}") from error
        finally:
            theirs.close()
        try:
            inner = SocketSession(
                ours, allow_in_process=settings.allow_in_process, share_isolation=settings.share_isolation
            )
        except SandboxError as error:
            raise SandboxUnavailable(f"the sandbox did not start: {error} {self._end()}".strip()) from error
        self.session = LeasedSession(inner)

    def healthy(self) -> bool:
        """Whether its supervisor still answers."""
        return self._process.poll() is None and self.session.healthy()

    def end(self) -> None:
        """Hang up, and wait for its end."""
        self.session.close()
        self._end()

    def _end(self) -> str:
        """Wait for its end; what it wrote on stderr."""
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            return stderr.read(_OUTPUT_MAX).decode("utf-8", "replace")


def _arguments(settings: Settings, tier: str | None) -> list[str]:
    arguments = ["--min-tier", settings.min_tier, "--languages", _toolchains()]
    if tier is not None:
        arguments += ["--tier", tier]
    if settings.sandbox_python is not None:
        prefixes, paths = _layout(str(settings.sandbox_python))
        for prefix in prefixes:
            arguments += ["--bind", prefix]
        for path in paths:
            arguments += ["--path", path]
    return arguments


@cache
def _toolchains() -> str:
    """What the host has, JSON; asked once per process."""
    return json.dumps(installed())


@cache
def _layout(python: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The folders that an interpreter needs to read, and its site-packages. Raises SandboxUnavailable."""
    code = (
        "import json, site, sys; "
        "print(json.dumps([sorted({sys.prefix, sys.base_prefix, sys.exec_prefix}), site.getsitepackages()]))"
    )
    try:
        done = subprocess.run([python, "-I", "-c", code], capture_output=True, timeout=30, check=True, env={})
        prefixes, paths = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxUnavailable(f"{python} is no interpreter that works: {error}") from error
    return tuple(prefixes), tuple(paths)
