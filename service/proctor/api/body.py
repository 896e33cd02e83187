"""Request bodies, read within bounds: bytes on the wire, bytes unpacked, bytes held by all requests together, time.

A reader that waits for memory leaves the client's bytes in the socket, so that TCP slows the client down.
"""

from __future__ import annotations

import asyncio
import io
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

import zstandard
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from proctor.api.auth import LOCAL
from proctor.errors import InvalidRequest, Overloaded, TooLarge

MIB = 1 << 20
SMALL = 1 * MIB  # bodies up to this size never wait behind large ones
SMALL_HELD = 4 * MIB  # for each of them, unpacked
SMALL_LANE = 256 * MIB
STEP = 1 * MIB
IDLE_S = 20.0  # without a byte
GRACE_S = 60.0
SLOWEST = 128 * 1024  # bytes per second, beyond the grace
WAIT_S = 60.0  # for memory
WINDOW = 128 * MIB  # zstd's --long=27


Unpack = Callable[[bytes, int], bytes]
Grow = Callable[[], Awaitable[None]]


class Lane:
    """A number of bytes that requests share; who comes first is served first.

    An owner holds one body, or half of the lane, so that no key's slow uploads keep all others out. Without keys
    there is one owner, and nobody to leave room for.
    """

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._half = capacity // 2
        self._held: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, size: int, owner: str = LOCAL) -> AsyncIterator[None]:
        """Hold `size` bytes. Raises Overloaded where they do not come free in time."""
        try:
            async with asyncio.timeout(WAIT_S), self._changed:
                await self._changed.wait_for(lambda: self._free >= size and self._may(owner, size))
                self._free -= size
                self._held[owner] += size
        except TimeoutError:
            raise Overloaded("Too many large bodies at once.", retry_after_s=5) from None
        try:
            yield
        finally:
            self._free += size
            self._held[owner] -= size
            self._held += Counter()  # without those that hold nothing
            async with self._changed:
                self._changed.notify_all()

    def _may(self, owner: str, size: int) -> bool:
        held = self._held[owner]
        return owner == LOCAL or held == 0 or held + size <= self._half


class Memory:
    """What the bodies of a process may take together. large: bytes of those over `SMALL`; the rest have their own."""

    def __init__(self, large: int) -> None:
        self.small = Lane(SMALL_LANE)
        self.large = Lane(large)


class Bodies:
    """Reads and unpacks bodies for one process.

    limit: bytes of a body, packed and unpacked each; `memory` must have room for one.
    """

    def __init__(self, limit: int, memory: Memory, threads: ThreadPoolExecutor) -> None:
        self._limit = limit
        self._threads = threads
        self._small = memory.small
        self._large = memory.large

    @asynccontextmanager
    async def read(self, request: Request, owner: str = LOCAL) -> AsyncIterator[bytes]:
        """The unpacked body; its memory is accounted for until the context ends.

        Raises TooLarge, InvalidRequest (packed data broken), Overloaded, HTTPException (408, 415), ClientDisconnect.
        """
        unpack = _unpacker(request.headers.get("content-encoding", ""))
        declared = _declared(request)
        if declared is not None and declared > self._limit:
            raise self._too_large()
        async with AsyncExitStack() as held:
            large = declared is not None and declared > SMALL
            if not large:
                await held.enter_async_context(self._small.hold(SMALL_HELD, owner))
            elif unpack is None:
                await held.enter_async_context(self._large.hold(declared or 0, owner))
            else:
                await held.enter_async_context(self._large.hold(self._limit, owner))

            async def grow() -> None:
                await held.enter_async_context(self._large.hold(self._limit, owner))

            packed = await self._collect(request, None if large else grow)
            grown = large or len(packed) > SMALL
            yield packed if unpack is None else await self._unpacked(packed, unpack, None if grown else grow)

    async def _collect(self, request: Request, grow: Grow | None) -> bytes:
        """The bytes on the wire. `grow`: holds memory for a large body; None where it is held already."""
        pieces: list[bytes] = []
        size = 0
        started = time.monotonic()
        async for piece in _timed(request):
            size += len(piece)
            pieces.append(piece)
            if size > self._limit:
                raise self._too_large()
            if time.monotonic() - started > GRACE_S + size / SLOWEST:
                raise HTTPException(408, "The body arrives too slowly.")
            if grow and size > SMALL:
                await grow()
                grow = None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _unpacked(self, packed: bytes, unpack: Unpack, grow: Grow | None) -> bytes:
        loop = asyncio.get_running_loop()
        limit = SMALL_HELD if grow else self._limit
        try:
            body = await loop.run_in_executor(self._threads, unpack, packed, limit)
            if grow and limit < len(body) and limit < self._limit:
                await grow()
                body = await loop.run_in_executor(self._threads, unpack, packed, self._limit)
        except (zlib.error, zstandard.ZstdError, EOFError) as error:
            raise InvalidRequest(f"The body cannot be unpacked: {error}") from None
        if len(body) > self._limit:
            raise self._too_large()
        return body

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is larger than {self._limit // MIB} MiB.")


def _declared(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


async def _timed(request: Request) -> AsyncIterator[bytes]:
    """The pieces of the body, none of them empty. Raises HTTPException 408 after `IDLE_S` without one."""
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                message = await request.receive()
        except TimeoutError:
            raise HTTPException(408, "The body does not arrive.") from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if piece := message.get("body", b""):
            yield piece
        if not message.get("more_body", False):
            return


def _unpacker(encoding: str) -> Unpack | None:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip"):
        return gunzip
    if name == "zstd":
        return unzstd
    raise HTTPException(415, "Bodies may be packed with gzip or zstd.", headers={"Accept-Encoding": "gzip, zstd"})


def gunzip(packed: bytes, limit: int) -> bytes:
    """All members of a gzip file, at most a little more than `limit` bytes. Raises zlib.error, EOFError."""
    out: list[bytes] = []
    size = 0
    rest = packed
    while rest:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            piece = member.decompress(rest, STEP)
            rest = member.unconsumed_tail
            size += len(piece)
            out.append(piece)
            if size > limit:
                return b"".join(out)
            if not piece and not rest and not member.eof:
                raise EOFError("gzip data ends early")
        rest = member.unused_data.lstrip(b"\0")  # padding is allowed between and after members
    return b"".join(out)


def unzstd(packed: bytes, limit: int) -> bytes:
    """All frames, at most a little more than `limit` bytes. Raises zstandard.ZstdError."""
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(
        io.BytesIO(packed), read_across_frames=True
    )
    out: list[bytes] = []
    size = 0
    while size <= limit and (piece := reader.read(STEP)):
        out.append(piece)
        size += len(piece)
    return b"".join(out)
