"""Answers made of results that are JSON already: joined, never parsed again."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

from pydantic import BaseModel

from proctor.api.backend import Backend, BatchState
from proctor.errors import Unavailable

PAGE = 500
CHUNK = 64 * 1024
OUTAGE_S, OUTAGE_PAUSE_S = 60.0, 0.3
P = ParamSpec("P")
T = TypeVar("T")
_INDEX = re.compile(rb'\{\s*"index"\s*:\s*(\d+)\s*[,}]')


async def through_outage(call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """`call`, tried again while the queue does not answer: an accepted batch outlives a restart of Redis.

    Raises Unavailable after `OUTAGE_S` of that.
    """
    since = time.monotonic()
    while True:
        try:
            return await call(*args, **kwargs)
        except Unavailable:
            if time.monotonic() - since > OUTAGE_S:
                raise
            await asyncio.sleep(OUTAGE_PAUSE_S)


async def all_results(
    backend: Backend, owner: str, batch_id: str, done: int, first: Sequence[bytes] = ()
) -> list[bytes]:
    """The first `done` results of a batch, sorted by index. first: those of them that are here already."""
    found = list(first[:done])
    while len(found) < done:
        page = await backend.results(owner, batch_id, after=len(found), count=min(PAGE, done - len(found)))
        if not page:
            break
        found += page
    return sorted(found, key=index_of)


def index_of(result: bytes) -> int:
    """The `index` of a result; it is the first field, so that it is found without parsing."""
    match = _INDEX.match(result)
    return int(match[1]) if match else int(json.loads(result)["index"])


def compose(head: dict[str, Any], results: Sequence[bytes], tail: dict[str, Any]) -> Iterable[bytes]:
    """The pieces of a JSON object: the fields of `head`, then `results`, then the fields of `tail`."""
    yield _ascii(head)[:-1] + b', "results": ['
    for i, result in enumerate(results):
        if i:
            yield b","
        yield result
    closing = _ascii(tail)
    yield (b"], " + closing[1:]) if tail else b"]}"


def _ascii(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode("ascii")


async def in_chunks(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in fewer pieces, so that a large answer is neither copied whole nor sent in crumbs."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def plain(value: Any) -> Any:
    """JSON data of a model, or the data itself."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def ended(state: BatchState) -> bool:
    """Whether a batch has nothing more to say."""
    return state.status in ("done", "cancelled") and state.done >= state.total
