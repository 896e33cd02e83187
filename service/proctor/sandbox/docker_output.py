"""What a container says before its supervisor has dialled: the reason, where it never does.

Containers have no log. So the daemon is asked for the output before the start, and it is read only on failure.
"""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_MAX_BYTES = 4096


class Output:
    """The output of a container that was not started yet. A context manager."""

    def __init__(self, client: DockerClient, container: Container) -> None:
        self._stream = client.api.attach_socket(str(container.id), params={"stdout": 1, "stderr": 1, "stream": 1})

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream._response.close()  # and with it the connection, which belongs to nobody else
        self._stream.close()

    def read(self) -> str:
        """What has come so far, or comes within a second; at most 4 KiB."""
        from docker.utils.socket import frames_iter

        text = b""
        with contextlib.suppress(OSError):
            self._stream._sock.settimeout(1.0)
            for _, chunk in frames_iter(self._stream, tty=False):  # type: ignore[no-untyped-call]
                text += chunk
                if len(text) >= _MAX_BYTES:
                    break
        return text[:_MAX_BYTES].decode("utf-8", "replace").strip()
