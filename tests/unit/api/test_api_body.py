from __future__ import annotations

import asyncio
import gzip
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zstandard
from api_fakes import Connect, FakeBackend
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from proctor.api import body as body_module
from proctor.api.body import MIB, Bodies, Lane, Memory, gunzip, unzstd
from proctor.errors import Overloaded, TooLarge


def request_of(pieces: list[Any], **headers: str) -> Request:
    """A request whose body arrives as `pieces`; a float is a pause, None the client's end."""
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        if left and isinstance(left[0], float):
            await asyncio.sleep(left.pop(0))
        if not left:
            return {"type": "http.request", "body": b"", "more_body": False}
        piece = left.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw, "path": "/"}, receive)


@pytest.fixture
def bodies() -> Any:
    with ThreadPoolExecutor(1) as threads:
        yield Bodies(8 * MIB, Memory(16 * MIB), threads)


async def read(bodies: Bodies, request: Request) -> bytes:
    async with bodies.read(request) as body:
        return body


async def test_pieces_are_put_together(bodies: Bodies) -> None:
    assert await read(bodies, request_of([b"ab", b"", b"cd"])) == b"abcd"
    assert await read(bodies, request_of([b"ab"], content_length="2")) == b"ab"
    assert await read(bodies, request_of([])) == b""


async def test_a_declared_size_over_the_limit_is_refused_unread(bodies: Bodies) -> None:
    request = request_of([1000.0])
    request._headers = request_of([], content_length=str(9 * MIB)).headers
    with pytest.raises(TooLarge):
        await asyncio.wait_for(read(bodies, request), 1)


async def test_a_client_that_ends_in_the_middle(bodies: Bodies) -> None:
    with pytest.raises(ClientDisconnect):
        await read(bodies, request_of([b"a", None]))


async def test_no_byte_for_too_long_is_408(bodies: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "IDLE_S", 0.05)
    with pytest.raises(HTTPException) as caught:
        await read(bodies, request_of([b"a", 1.0, b"b"]))
    assert caught.value.status_code == 408


async def test_dripping_is_408(bodies: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "GRACE_S", 0.05)
    with pytest.raises(HTTPException) as caught:
        await read(bodies, request_of([b"a", 0.02, b"b", 0.02, b"c", 0.02, b"d", b"e"]))
    assert caught.value.status_code == 408


async def test_small_bodies_do_not_wait_behind_large_ones(bodies: Bodies) -> None:
    large = [request_of([b"x" * 2 * MIB, 1000.0], content_length=str(8 * MIB)) for _ in range(3)]
    reading = [asyncio.create_task(read(bodies, r)) for r in large]
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(read(bodies, request_of([b"small"], content_length="5")), 1) == b"small"
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)


async def test_large_bodies_wait_until_memory_is_free(bodies: Bodies) -> None:
    first, second = bodies.read(request_of([b"x" * 8 * MIB])), bodies.read(request_of([b"x" * 8 * MIB]))
    await first.__aenter__()
    await second.__aenter__()
    third = asyncio.create_task(read(bodies, request_of([b"y" * 2 * MIB])))
    await asyncio.sleep(0.05)
    assert not third.done()
    await first.__aexit__(None, None, None)
    assert len(await asyncio.wait_for(third, 1)) == 2 * MIB
    await second.__aexit__(None, None, None)


async def test_an_owner_leaves_room_for_others(bodies: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many slow uploads a key begins, it holds one body, or half of the memory."""
    monkeypatch.setattr(body_module, "WAIT_S", 0.5)
    slow = [request_of([b"x", 1000.0], content_length=str(8 * MIB)) for _ in range(5)]

    async def upload(request: Request, owner: str) -> int:
        async with bodies.read(request, owner) as body:
            return len(body)

    greedy = [asyncio.create_task(upload(request, "greedy")) for request in slow]
    await asyncio.sleep(0.05)
    modest = request_of([b"y" * 8 * MIB], content_length=str(8 * MIB))
    assert await asyncio.wait_for(upload(modest, "modest"), 0.3) == 8 * MIB
    await asyncio.sleep(0.6)
    assert sum(isinstance(t.exception(), Overloaded) for t in greedy if t.done()) == 4
    for task in greedy:
        task.cancel()
    await asyncio.gather(*greedy, return_exceptions=True)


async def test_waiting_for_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "WAIT_S", 0.05)
    lane = Lane(10)
    async with lane.hold(8):
        with pytest.raises(Overloaded):
            async with lane.hold(3):
                pass
    async with lane.hold(10):
        pass


async def test_small_packed_bodies_may_unpack_to_large_ones(bodies: Bodies) -> None:
    data = b"a" * (7 * MIB)
    assert await read(bodies, request_of([gzip.compress(data)], content_encoding="gzip")) == data
    assert await read(bodies, request_of([zstandard.compress(data)], content_encoding="ZSTD")) == data
    with pytest.raises(TooLarge):
        await read(bodies, request_of([gzip.compress(data + data)], content_encoding="gzip"))


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(0, 2000))
def test_unpacking_is_the_inverse_of_packing_within_the_bound(members: list[bytes], limit: int) -> None:
    whole = b"".join(members)
    for unpack, pack in ((gunzip, gzip.compress), (unzstd, zstandard.compress)):
        out = unpack(b"".join(map(pack, members)), limit)
        assert out == whole if len(whole) <= limit else len(out) > limit


@given(st.binary(max_size=200))
def test_any_bytes_unpack_or_are_refused(packed: bytes) -> None:
    for unpack, errors in ((gunzip, (zlib.error, EOFError)), (unzstd, zstandard.ZstdError)):
        try:
            assert len(unpack(packed, 1000)) <= 1000 + MIB
        except errors:  # type: ignore[misc]
            pass


async def test_a_request_that_waits_is_told_when_the_process_stops(
    connect: Connect, backend: FakeBackend, sample: dict[str, Any]
) -> None:
    backend.instant = False
    async with connect() as client:
        waiting = asyncio.create_task(client.post("/v1/rewards", json={"samples": [sample]}))
        while not backend.batches:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        client._transport.app.state.context.stopping.set()
        answer = await waiting
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert backend.batches["b0"].status == "cancelled"  # nobody could come back to it
