"""Frames over the socket between tests and candidate: a u32 length and that many bytes."""

from __future__ import annotations

import socket
import struct

FRAME_MAX = 64 << 20
_LENGTH = struct.Struct("<I")


class Gone(Exception):
    """The other end is no more."""


class Oversized(Exception):
    """A frame over FRAME_MAX."""


def send(sock: socket.socket, payload: bytes | bytearray) -> None:
    """Send one frame. Raises Gone, Oversized."""
    if len(payload) > FRAME_MAX:
        raise Oversized
    try:
        sock.sendall(_LENGTH.pack(len(payload)) + payload)
    except OSError:
        raise Gone from None


def receive(sock: socket.socket) -> bytes:
    """Receive one frame. Raises Gone, Oversized."""
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    if length > FRAME_MAX:
        raise Oversized
    return _exactly(sock, length)


def _exactly(sock: socket.socket, n: int) -> bytes:
    try:
        data = sock.recv(n)
        if len(data) == n:
            return data
        parts = [data]
        missing = n - len(data)
        while missing and data:
            data = sock.recv(min(missing, 1 << 20))
            parts.append(data)
            missing -= len(data)
    except OSError:
        raise Gone from None
    if missing:
        raise Gone
    return b"".join(parts)
