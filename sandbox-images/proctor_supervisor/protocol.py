"""The protocol between worker and supervisor, version 1: frames over a Unix stream socket.

A frame is

    u32 big-endian   length of the header
    header           a JSON object in ASCII; "op" names the frame, "blobs": [n, …] the lengths of
    blobs            … that follow it, back to back

The supervisor speaks first (`hello`); after that every request of the worker gets the answers
named below, in order. Either side may close at any time; the supervisor then kills what runs.

worker → supervisor                               supervisor → worker
                                                  hello {protocol, supervisor, tier, languages, enforcement, image}
program {language, limits, cases, paths}          compiled {ran: Ran | null}: null when it can run
        [source, *files]
case {argv, paths, fetch}   [stdin, *files]       ran {ran: Ran}
end {}                                            ended {}
pair {language, limits, stop, first_case, allow_in_process}  [source, tests]
                                                  paired {candidate: Ran, tests: Ran, cases, total,
                                                          flags, tests_error, saturated}
duo {limits, candidate: {language, paths},        dueled {candidate: Ran, tests: Ran}: with a compile_error where
     tests: {language, paths}}                            one did not compile, and nothing ran
     [source, *files, source, *files]
ping {}                                           pong {}

program, pair and duo take `cpu` too: the number of the CPU that all processes of the sandbox stay on from then on;
null: any. Where the kernel refuses, nothing changes. program and pair take `apart`: true where each case, and the
candidate, is to have an isolation that no other has stood in.

Ran is {exit_code, signal, stopped, cpu_s, wall_s, memory_mib, flags, compile_error, saturated,
stdout, stderr, files}: the last three are indices into the frame's blobs (files: {path: index}).
`tests` of a pair are wire tests as JSON, which only their own process reads.
`limits` is the object of api.md with all eight fields.

An answer `refused {message}` says that the request itself cannot be served (unknown language,
a malformed frame): the worker's fault, never the candidate's.
"""

from __future__ import annotations

import json
import socket
import struct

HEADER_MAX = 64 << 20
BLOB_MAX = 512 << 20
BLOBS_MAX = 4096
_LENGTH = struct.Struct(">I")
_ENCODER = json.JSONEncoder(separators=(",", ":"))  # json.dumps would make one for each frame


class ProtocolError(Exception):
    """The other side sent what this protocol does not know."""


class Closed(Exception):
    """The other side closed the connection."""


def send(sock: socket.socket, header: dict, blobs: list[bytes] | tuple[bytes, ...] = ()) -> None:
    """Send one frame. Raises OSError."""
    text = _ENCODER.encode({**header, "blobs": [len(b) for b in blobs]}).encode("ascii")
    head = _LENGTH.pack(len(text)) + text
    if sum(map(len, blobs)) < 65536:
        sock.sendall(b"".join((head, *blobs)))
        return
    sock.sendall(head)
    for blob in blobs:
        sock.sendall(blob)


def receive(sock: socket.socket) -> tuple[dict, list[bytes]]:
    """Receive one frame: its header and blobs. Raises Closed, ProtocolError, OSError."""
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    if length > HEADER_MAX:
        raise ProtocolError(f"a header of {length} bytes")
    try:
        header = json.loads(_exactly(sock, length).decode("ascii"))  # of bytes it would guess the encoding
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a header that is not JSON: {error}") from None
    if not isinstance(header, dict) or not isinstance(header.get("op"), str):
        raise ProtocolError("a header without op")
    lengths = header.pop("blobs", [])
    if (
        not isinstance(lengths, list)
        or len(lengths) > BLOBS_MAX
        or not all(type(n) is int and n >= 0 for n in lengths)
        or sum(lengths) > BLOB_MAX
    ):
        raise ProtocolError("blobs that are too large or malformed")
    return header, [_exactly(sock, n) for n in lengths]


def _exactly(sock: socket.socket, n: int) -> bytes:
    if n == 0:
        return b""
    buffer = bytearray(n)
    view = memoryview(buffer)
    got = 0
    while got < n:
        count = sock.recv_into(view[got:])
        if count == 0:
            raise Closed
        got += count
    return bytes(buffer)
