"""The socket protocol, from both ends: what is sent arrives; what nobody sent is refused, never a crash."""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.errors import SandboxProtocolError
from proctor.sandbox import frames
from proctor.sandbox.accounts import PAIR as PAIR_ANSWER
from proctor.sandbox.accounts import RAN as RAN_ANSWER
from proctor.sandbox.accounts import read_pair, read_ran
from proctor.sandbox.stream import Stream
from proctor_supervisor import protocol
from proctor_supervisor.run import Ran as SupervisorsRan

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
HEADERS = st.dictionaries(st.text(max_size=10).filter(lambda name: name != "blobs"), JSON, max_size=4)
BLOBS = st.lists(st.binary(max_size=200), max_size=6)


def through(write: Callable[[socket.socket], object]) -> tuple[dict[str, Any], list[bytes]]:
    """What the other end receives of what `write` sends, before the connection closes."""
    ours, theirs = socket.socketpair()

    def send() -> None:
        with ours:
            write(ours)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with theirs:
            theirs.settimeout(10)
            return protocol.receive(theirs)
    finally:
        sender.join()


def dribble(data: bytes, step: int) -> Callable[[socket.socket], None]:
    def write(sock: socket.socket) -> None:
        for at in range(0, len(data), step):
            try:
                sock.sendall(data[at : at + step])
            except OSError:
                return  # the reader has seen enough

    return write


@given(HEADERS, BLOBS)
def test_frames_arrive_as_they_were_sent(header: dict[str, Any], blobs: list[bytes]) -> None:
    header = {**header, "op": "x"}
    got, received = through(lambda sock: protocol.send(sock, header, blobs))
    assert json.dumps(got) == json.dumps(json.loads(json.dumps(header)))
    assert received == blobs


@given(HEADERS, BLOBS)
def test_a_worker_and_a_supervisor_understand_each_other(header: dict[str, Any], blobs: list[bytes]) -> None:
    header = {"op": "x", **header} | {"op": "x"}
    got, received = through(lambda sock: frames.send(Stream(sock), frames.opened(header), blobs))
    assert json.dumps(got) == json.dumps(json.loads(json.dumps(header)))
    assert received == blobs
    ours, theirs = socket.socketpair()
    with ours, theirs:
        protocol.send(ours, header, blobs)
        stream = Stream(theirs)
        heard = frames.plain(frames.header_of(stream))
        assert frames.blobs_of(stream, heard.pop("blobs")) == blobs
    assert json.dumps(heard) == json.dumps(got)


@given(st.binary(max_size=300), st.integers(1, 50))
@settings(max_examples=300)
def test_bytes_of_nobodys_are_refused(data: bytes, step: int) -> None:
    with pytest.raises((protocol.Closed, protocol.ProtocolError)):
        through(dribble(data, step))


@given(HEADERS | JSON, BLOBS, JSON, st.integers(1, 50))
@settings(max_examples=300)
def test_odd_headers_are_refused_or_read(header: Any, blobs: list[bytes], lengths: Any, step: int) -> None:
    if isinstance(header, dict):
        header = {**header, "op": "x", "blobs": lengths}
    text = json.dumps(header).encode()
    try:
        got, received = through(dribble(struct.pack(">I", len(text)) + text + b"".join(blobs), step))
    except (protocol.Closed, protocol.ProtocolError):
        return
    assert got["op"] == "x"
    assert [len(blob) for blob in received] == lengths


@pytest.mark.parametrize(
    "head",
    [
        struct.pack(">I", protocol.HEADER_MAX + 1),
        struct.pack(">I", 200_000) + b"[" * 200_000,
        *(
            struct.pack(">I", len(text)) + text
            for text in (
                b'{"op": "x", "blobs": [600000000]}',
                b'{"op": "x", "blobs": [-1]}',
                b'{"op": "x", "blobs": [true]}',
                b'{"op": "x", "blobs": [1e3]}',
                b'{"op": "x", "blobs": ' + json.dumps([0] * 4097).encode() + b"}",
                b'{"op": 1}',
                b"[]",
                b"\xff",
                b"9" * 6000,
            )
        ),
    ],
)
def test_too_large_or_malformed_is_refused_before_memory_is_spent(head: bytes) -> None:
    with pytest.raises(protocol.ProtocolError):
        through(dribble(head, 1 << 20))


# accounts

RAN = SupervisorsRan(exit_code=0, signal=None, cpu_s=0.5, wall_s=1.0, memory_mib=9.0, stdout=b"out", stderr=b"err")


def account() -> tuple[dict[str, Any], list[bytes]]:
    blobs: list[bytes] = []
    made = replace(RAN, files={"a": b"file"}).frame(blobs)
    return json.loads(json.dumps(made)), blobs


def test_an_account_is_read_as_it_was_made() -> None:
    read = read_ran(*account())
    assert (read.exit_code, read.stopped, read.cpu_s, read.stdout) == (0, None, 0.5, b"out")
    assert read.files == {"a": b"file"}


@given(st.sampled_from(sorted(account()[0])), JSON)
@settings(max_examples=300)
def test_odd_accounts_are_refused_or_typed(name: str, value: Any) -> None:
    data, blobs = account()
    try:
        read = read_ran({**data, name: value}, blobs)
    except SandboxProtocolError:
        return
    assert isinstance(read.exit_code, int | None)
    assert all(isinstance(n, float) and 0 <= n <= 1e12 for n in (read.cpu_s, read.wall_s, read.memory_mib))
    assert isinstance(read.stdout, bytes)
    assert all(isinstance(flag, str) for flag in read.flags)


@given(JSON, st.sampled_from(["candidate", "tests", "cases", "total", "flags", "tests_error", "saturated"]))
@settings(max_examples=300)
def test_odd_pairs_are_refused_or_typed(value: Any, name: str) -> None:
    data, blobs = account()
    marks = [{"verdict": "passed", "detail": None, "cpu_s": 0.1, "wall_s": 0.1}]
    pair = {"candidate": data, "tests": data, "cases": marks, "total": 1, "flags": [], "tests_error": None}
    assert read_pair({**pair, "saturated": False}, blobs).cases[0].verdict == "passed"
    try:
        read = read_pair({**pair, "saturated": False, name: value}, blobs)
    except SandboxProtocolError:
        return
    assert isinstance(read.total, int | None)
    assert isinstance(read.saturated, bool)
    assert all(isinstance(mark.cpu_s, float) for mark in read.cases)


def both(read: Callable[[], object]) -> object:
    """What a reader makes of a header, its refusal included."""
    try:
        return read()
    except SandboxProtocolError:
        return SandboxProtocolError


WORDS = st.sampled_from([0, -0.0, -1, 2, 1e12, 1e13, 1 << 32, -1 << 33, 1 << 70, 5.0, math.nan, math.inf])
ODD = (
    JSON | WORDS | st.text(st.characters(codec=None), max_size=5) | st.sampled_from(["cpu", "wall", True, None, [], {}])
)


@given(
    st.dictionaries(st.sampled_from(sorted(account()[0])), ODD, max_size=2),
    st.dictionaries(
        st.sampled_from(["op", "candidate", "tests", "cases", "total", "flags", "tests_error", "saturated", "x"]),
        ODD | st.just([{"verdict": "\ud800", "detail": "a", "cpu_s": -1, "wall_s": 2}]),
        max_size=2,
    ),
)
@settings(max_examples=500)
def test_both_readers_of_answers_agree(of_account: dict[str, Any], of_pair: dict[str, Any]) -> None:
    """What msgspec reads is what the standard library reads, and it reads nothing else."""
    data, blobs = account()
    marks = [{"verdict": "passed", "detail": None, "cpu_s": 0.1, "wall_s": 1}]
    pair = {"candidate": data | of_account, "tests": data, "cases": marks, "total": 1, "flags": ["near_limit"]}
    header = {
        "op": "paired",
        **pair,
        "tests_error": None,
        "saturated": False,
        **of_pair,
        "blobs": list(map(len, blobs)),
    }
    text = json.dumps(header).encode()
    plain = frames.plain(text) if isinstance(header["op"], str) else {"op": ""}
    typed = frames.typed(text, PAIR_ANSWER)
    if typed is not None:
        assert plain["op"] == "paired"
        assert both(lambda: typed.read(blobs)) == both(lambda: read_pair(plain, blobs))
    ran = {"op": "ran", "ran": data | of_account, "blobs": list(map(len, blobs))}
    typed_ran = frames.typed(json.dumps(ran).encode(), RAN_ANSWER)
    if typed_ran is not None:
        assert both(lambda: typed_ran.read(blobs)) == both(lambda: read_ran(json.loads(json.dumps(ran))["ran"], blobs))


def test_what_supervisors_send_is_read_by_its_type() -> None:
    data, blobs = account()
    frame = {"op": "ran", "ran": data, "blobs": list(map(len, blobs))}
    typed = frames.typed(json.dumps(frame).encode(), RAN_ANSWER)
    assert typed is not None
    assert typed.read(blobs) == read_ran(data, blobs)
    assert frames.typed(json.dumps({**frame, "ran": {**data, "compile_error": "\ud800"}}).encode(), RAN_ANSWER) is None
    assert frames.typed("é".encode(), RAN_ANSWER) is None


@given(JSON)
def test_what_is_no_account_is_refused(value: Any) -> None:
    with pytest.raises(SandboxProtocolError):
        read_ran(value, [])
