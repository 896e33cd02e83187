"""A Unix socket that exactly one sandbox dials, once.

The worker listens and the sandbox dials, never the other way round: a sandbox owns no path, so that there is nothing
of it that another could reach, replace or stand in for. Once a sandbox has come, the path is gone and the connection
has no name any more.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

from proctor.errors import SandboxUnavailable

#: Between two looks at whether what we wait for can still come, seconds.
_SLICE_S = 0.25
#: A waiting worker touches its socket; one untouched for so long belongs to nobody, seconds.
STALE_S = 60.0


class Listener:
    """Listens at `folder`/`name`; `accept` hands out one connection. Close it to remove the path."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        """Raises SandboxUnavailable where the folder cannot be listened in."""
        self.path = folder / (name or f"{secrets.token_hex(8)}.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            _bind(self._socket, self.path)
            # Sandboxes run under uids of their own; the folder decides who comes as far as this.
            os.chmod(self.path, 0o666)  # noqa: S103
            self._socket.listen(1)
            self._socket.settimeout(_SLICE_S)
        except OSError as error:
            self.close()
            raise SandboxUnavailable(f"cannot listen at {self.path}: {error}") from error

    def accept(self, timeout_s: float, *, check: Callable[[], None] = lambda: None) -> socket.socket:
        """The connection of whoever dials first. `check` is called meanwhile and may raise to give up.
        Raises SandboxUnavailable after `timeout_s`."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                check()
                _touch(self.path)
                continue
            connection.settimeout(None)
            return connection
        raise SandboxUnavailable(f"no sandbox dialled {self.path} within {timeout_s:.3g} s")

    def close(self) -> None:
        """Stop listening and remove the path."""
        self._socket.close()
        self.path.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Remove sockets in `folder` whose worker was killed while it waited."""
    for path in folder.glob("*.sock"):
        try:
            if time.time() - path.lstat().st_mtime > STALE_S:
                path.unlink()
        except FileNotFoundError:
            continue  # its worker was quicker


def _bind(sock: socket.socket, path: Path) -> None:
    """Bind by way of the folder's descriptor: a socket's address holds 107 bytes, a path may be longer."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except FileNotFoundError:
        raise SandboxUnavailable(f"{path} was removed while a worker listened there") from None
