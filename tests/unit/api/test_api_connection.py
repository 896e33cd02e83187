"""Hostile HTTP on real sockets: heads without an end, slow ones, bodies that drip, chunks that are none."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from api_fakes import FakeBackend

from proctor.api import body, connection
from proctor.api.app import Parts, create_app
from proctor.api.connection import HEAD_MAX, Connection
from proctor.settings import Settings

HEAD = b"POST /v1/rewards HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PIECE = 16 * 1024


@pytest.fixture(name="port")
async def _port() -> AsyncIterator[int]:
    """An application on a queue in memory, served as `proctor api` serves it."""

    @asynccontextmanager
    async def open_parts(_: Settings) -> AsyncIterator[Parts]:
        yield Parts(FakeBackend())

    app = create_app(Settings(max_body_mib=1), open_parts)
    server = uvicorn.Server(uvicorn.Config(app, http=Connection, ws="none", log_level="critical"))
    listening = socket.create_server(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await running


async def send(port: int, *pieces: bytes, pause_s: float = 0.0) -> tuple[int, bytes]:
    """Send pieces until the other side hangs up; how many bytes were sent, and what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = bytearray()
    listening = asyncio.create_task(_listen(reader, heard))
    sent = 0
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
            await asyncio.sleep(pause_s)
    except ConnectionError:
        pass
    try:
        async with asyncio.timeout(20):
            await listening
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    return sent, bytes(heard)


async def _listen(reader: asyncio.StreamReader, heard: bytearray) -> None:
    try:
        while piece := await reader.read(4096):
            heard += piece
    except ConnectionError:
        pass  # it did not wait for the rest of what we sent


async def healthy(port: int) -> bool:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200


ENDLESS = {
    "headers": (HEAD, b"a: b\r\n" * (PIECE // 6)),
    "a header": (HEAD + b"a: ", b"b" * PIECE),
    "a header's name": (HEAD, b"b" * PIECE),
    "a path": (b"GET /", b"b" * PIECE),
    "headers after a body": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n" * (PIECE // 6)),
    "a chunk's extension": (CHUNKED + b"2;", b"b" * PIECE),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_cut_off(port: int, name: str) -> None:
    first, again = ENDLESS[name]
    sent, answer = await send(port, first, *[again] * 4096)  # 64 MiB
    assert sent < 4096 * PIECE
    assert answer[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"HTTP/1.1 422", b"")
    assert await healthy(port)


async def test_long_heads_within_the_bound_are_served(port: int) -> None:
    filler = b"".join(b"x-%d: %s\r\n" % (i, b"y" * 1000) for i in range(HEAD_MAX // 1024 - 4))
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + filler + b"Connection: close\r\n\r\n"
    pieces = [request[at : at + 1000] for at in range(0, len(request), 1000)]
    assert (await send(port, *pieces))[1].startswith(b"HTTP/1.1 200")


async def test_large_bodies_are_not_heads(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3):  # on one connection
            answer = await client.post("/v1/rewards", content=b'{"samples": [], "x": "' + b"y" * 800_000 + b'"}')
            assert answer.status_code == 422
            assert answer.json()["errors"]


@pytest.mark.parametrize("first", [b"", b"GE", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    port: int, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    _sent, answer = await send(port, first)
    assert answer.startswith(b"HTTP/1.1 408")


async def test_a_head_that_drips_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    sent, _answer = await send(port, HEAD, *[b"a: b\r\n"] * 200, pause_s=0.05)
    assert sent < len(HEAD) + 200 * 6


async def test_the_second_request_of_a_connection_has_as_long(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    _sent, answer = await send(port, whole, whole[:20])
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_does_not_come_is_408(port: int, chunked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "IDLE_S", 0.3)
    end = b"Connection: close\r\n\r\n"
    head = CHUNKED[:-2] + end + b"2\r\n{" if chunked else HEAD + b"Content-Length: 1000\r\n" + end + b"{"
    _sent, answer = await send(port, head)
    assert answer.startswith(b"HTTP/1.1 408")
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert problem["status"] == 408
    assert await healthy(port)


async def test_a_body_that_drips_is_408(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "GRACE_S", 0.2)
    monkeypatch.setattr(body, "SLOWEST", 1 << 20)
    head = HEAD + b"Content-Length: 1000\r\nConnection: close\r\n\r\n"
    _sent, answer = await send(port, head, *[b"x"] * 20, pause_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "rest",
    [
        b"zz\r\n",
        b"-1\r\nx\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\nx\r\n",
        b"2\r\n{}}}}\r\n0\r\n\r\n",
        b"2\n{}\n0\n\n",
        b"\r\n\r\n",
        b"2\r\n{}\r\n0\r\nbad header\r\n\r\n",
    ],
)
async def test_chunks_that_are_none_are_400(port: int, rest: bytes) -> None:
    _sent, answer = await send(port, CHUNKED + rest)
    assert answer.startswith(b"HTTP/1.1 400")
    assert await healthy(port)


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1e3\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST  /v1/rewards HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
    ],
)
async def test_requests_with_two_meanings_or_none_are_400(port: int, request_: bytes) -> None:
    _sent, answer = await send(port, request_)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"HTTP/1.1 200" not in answer
    assert await healthy(port)


async def test_one_connection_with_many_requests_at_once(port: int) -> None:
    """Pipelined: each is answered, in order, and nothing else happens."""
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = one[:-2] + b"Connection: close\r\n\r\n"
    _sent, answer = await send(port, one * 200 + last)
    assert answer.count(b"HTTP/1.1 200") == 201
