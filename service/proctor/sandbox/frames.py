"""Frames of protocol.py as a worker writes and reads them: a request in one write, an answer by its type.

msgspec reads an answer into its type and checks it on the way. What it refuses is read again by the standard library
and `accounts`, which know what JSON may hold beside (a lone surrogate in a message) and say what is wrong. Where both
read a text they read the same.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from proctor.sandbox.stream import Stream
from proctor_supervisor.protocol import BLOB_MAX, BLOBS_MAX, HEADER_MAX, ProtocolError

_LENGTH = struct.Struct(">I")
#: Blobs of fewer bytes than this together are copied into one write with the header.
_JOINED = 65536
_ENCODER = json.JSONEncoder(separators=(",", ":"))

T = TypeVar("T")


def opened(header: dict[str, Any]) -> bytes:
    """A header as JSON, open at its end: `send` adds the lengths of the blobs. header: not empty."""
    return _ENCODER.encode(header)[:-1].encode("ascii")


def send(stream: Stream, header: bytes, blobs: Sequence[bytes]) -> None:
    """Send one frame. header: see `opened`. Raises OSError."""
    text = b'%b,"blobs":[%b]}' % (header, b",".join(b"%d" % len(blob) for blob in blobs))
    head = _LENGTH.pack(len(text)) + text
    if sum(map(len, blobs)) < _JOINED:
        stream.sendall(b"".join((head, *blobs)))
        return
    stream.sendall(head)
    for blob in blobs:
        stream.sendall(blob)


def header_of(stream: Stream) -> bytes:
    """The next frame's header, not read. Raises Closed, ProtocolError, OSError."""
    (length,) = _LENGTH.unpack(stream.exactly(_LENGTH.size))
    if length > HEADER_MAX:
        raise ProtocolError(f"a header of {length} bytes")
    return stream.exactly(length)


def typed(header: bytes, decoder: msgspec.json.Decoder[T]) -> T | None:
    """A header by its type; None where it is of another one, or not for msgspec to read."""
    if not header.isascii():
        return None
    try:
        return decoder.decode(header)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def plain(header: bytes) -> dict[str, Any]:
    """A header as it stands. Raises ProtocolError."""
    try:
        data = json.loads(header.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a header that is not JSON: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("op"), str):
        raise ProtocolError("a header without op")
    return data


def blobs_of(stream: Stream, lengths: Any) -> list[bytes]:
    """The blobs that follow a header. lengths: what it says of them. Raises Closed, ProtocolError, OSError."""
    if (
        not isinstance(lengths, list)
        or len(lengths) > BLOBS_MAX
        or not all(type(n) is int and n >= 0 for n in lengths)
        or sum(lengths) > BLOB_MAX
    ):
        raise ProtocolError("blobs that are too large or malformed")
    return [stream.exactly(n) if n else b"" for n in lengths]
