"""A connected socket with few system calls: one to send a frame, mostly one to receive it.

Python's own timeouts put a socket in non-blocking mode and poll before every call; the kernel's (SO_RCVTIMEO) do not.
"""

from __future__ import annotations

import socket
import struct

from proctor_supervisor.protocol import Closed

#: Bytes asked for at a time; larger pieces go where they belong without a copy.
_CHUNK = 64 * 1024
_TIMEVAL = struct.Struct("@ll")


class Stream:
    """Stands for `sock` in `proctor_supervisor.protocol`. For one thread, but that any may shut the socket down."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sock.settimeout(None)
        self._store = memoryview(bytearray(_CHUNK))
        self._start = self._end = 0
        self._limit_s: float | None = None

    def limit(self, seconds: float) -> None:
        """Bound every following wait for the other side. One that takes longer raises BlockingIOError."""
        if seconds == self._limit_s:
            return
        value = _TIMEVAL.pack(int(seconds), int(seconds % 1 * 1e6))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)
        self._limit_s = seconds

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""
        self._sock.sendall(data)

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes. Raises Closed where the other side has closed, OSError."""
        end = self._start + count
        if end <= self._end:
            piece = bytes(self._store[self._start : end])
            self._start = end
            return piece
        whole = memoryview(bytearray(count))
        got = 0
        while got < count:
            more = self.recv_into(whole[got:])
            if more == 0:
                raise Closed
            got += more
        return bytes(whole)

    def recv_into(self, view: memoryview) -> int:
        """Fill some of `view`: the number of bytes, 0 at the end. Raises OSError."""
        if self._start == self._end:
            if len(view) >= _CHUNK:
                return self._sock.recv_into(view)
            self._start, self._end = 0, self._sock.recv_into(self._store)
        count = min(len(view), self._end - self._start)
        view[:count] = self._store[self._start : self._start + count]
        self._start += count
        return count
