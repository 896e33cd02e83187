"""Frames over a socket pair: in pieces, in bursts, too late, not at all."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from proctor.sandbox.stream import Stream
from proctor_supervisor import protocol


@pytest.fixture
def pair() -> Iterator[tuple[Stream, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        stream = Stream(near)
        stream.limit(10)
        yield stream, far


def test_frames_that_come_in_a_burst_are_read_one_by_one(pair: tuple[Stream, socket.socket]) -> None:
    stream, far = pair
    for i in range(3):
        protocol.send(far, {"op": "ran", "i": i}, [b"a" * i, b""])
    for i in range(3):
        assert protocol.receive(stream) == ({"op": "ran", "i": i}, [b"a" * i, b""])  # type: ignore[arg-type]


def test_frames_that_come_byte_by_byte(pair: tuple[Stream, socket.socket]) -> None:
    stream, far = pair
    one, other = socket.socketpair()
    with one, other:
        protocol.send(one, {"op": "ran"}, [b"abc"])
        frame = other.recv(1000)
    sender = threading.Thread(target=lambda: [far.sendall(bytes([b])) for b in frame])
    sender.start()
    assert protocol.receive(stream) == ({"op": "ran"}, [b"abc"])  # type: ignore[arg-type]
    sender.join()


def test_blobs_larger_than_the_buffer_both_ways(pair: tuple[Stream, socket.socket]) -> None:
    stream, far = pair
    blobs = [os.urandom(300_000), b"", os.urandom(70_000)]
    sender = threading.Thread(target=protocol.send, args=(far, {"op": "ran"}, blobs))
    sender.start()
    assert protocol.receive(stream) == ({"op": "ran"}, blobs)  # type: ignore[arg-type]
    sender.join()
    sender = threading.Thread(target=protocol.send, args=(stream, {"op": "case"}, blobs))
    sender.start()
    assert protocol.receive(far) == ({"op": "case"}, blobs)
    sender.join()


def test_a_silent_other_side_is_waited_for_within_the_limit(pair: tuple[Stream, socket.socket]) -> None:
    stream, far = pair
    stream.limit(0.05)
    with pytest.raises(BlockingIOError):
        protocol.receive(stream)  # type: ignore[arg-type]
    with pytest.raises(BlockingIOError):
        stream.sendall(b"x" * 10_000_000)  # nobody reads
    far.setblocking(False)
    stream.limit(5)
    while True:
        try:
            far.recv(1 << 20)
        except BlockingIOError:
            break
    protocol.send(far, {"op": "late"})
    assert protocol.receive(stream)[0] == {"op": "late"}  # type: ignore[arg-type]


def test_the_end_is_told_also_in_the_middle_of_a_frame(pair: tuple[Stream, socket.socket]) -> None:
    stream, far = pair
    far.sendall(b"\0\0\0\x10{")
    far.close()
    with pytest.raises(protocol.Closed):
        protocol.receive(stream)  # type: ignore[arg-type]


def test_another_thread_may_end_the_wait(pair: tuple[Stream, socket.socket]) -> None:
    stream, _ = pair
    timer = threading.Timer(0.05, stream._sock.shutdown, [socket.SHUT_RDWR])
    timer.start()
    with pytest.raises(protocol.Closed):
        protocol.receive(stream)  # type: ignore[arg-type]
    timer.join()
