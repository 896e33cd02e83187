"""One server over HTTP: posts JSON, and sorts what goes wrong into the errors that the scorer acts on.

ThinkingRejected      the server refused this input: a 4xx, but for those about pace
ThinkingFailed        it broke on this input: a 500, or an answer that makes no sense. Perhaps the input's doing
NoAnswerInTime        it took the call and did not answer in time, or a gateway says so (504). Perhaps the input's doing
ThinkingUnavailable   anything else: no connection, 408, 425, 429, 501 and above
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from proctor.errors import ConfigurationError, ThinkingRejected, ThinkingUnavailable
from proctor.thinking.types import NoAnswerInTime, ThinkingFailed

_PACE = frozenset({408, 425, 429})

#: Bytes of an answer, decompressed, at most: 32 inputs' scores of every token are far below.
ANSWER_MAX = 64 << 20


class Endpoint:
    """A base URL, with connections kept open. timeout_s bounds one call as a whole."""

    def __init__(self, base: str, *, timeout_s: float, api_key: str | None, connections: int) -> None:
        self.base = base.rstrip("/")
        headers = {"content-type": "application/json"}
        if api_key:
            headers["authorization"] = f"Bearer {api_key}"
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(timeout_s),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
        )

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON that the server answers to `body`. Raises the errors above."""
        try:
            status, content = await self._answer(path, json.dumps(body).encode("ascii"))
        except httpx.ReadTimeout:
            raise NoAnswerInTime("no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ThinkingUnavailable(f"{type(error).__name__}: {error}") from error
        if 400 <= status < 500 and status not in _PACE:
            raise ThinkingRejected(f"HTTP {status}: {_start(content)}")
        if status == 500:
            raise ThinkingFailed(f"HTTP {status}: {_start(content)}")
        if status == 504:
            raise NoAnswerInTime(f"HTTP {status}: {_start(content)}")
        if status != 200:
            raise ThinkingUnavailable(f"HTTP {status}: {_start(content)}")
        if len(content) > ANSWER_MAX:
            raise ThinkingFailed(f"an answer of more than {ANSWER_MAX >> 20} MiB")
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ThinkingFailed(f"an answer that is not JSON: {error}") from None

    async def _answer(self, path: str, body: bytes) -> tuple[int, bytearray]:
        """Status and content, of which no more is read than it takes to see that it is too long."""
        content = bytearray()
        async with self._client.stream("POST", self.base + path, content=body) as response:
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > ANSWER_MAX:
                    break
            return response.status_code, content

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @property
    def shown(self) -> str:
        """The base URL without user and password."""
        parts = urlsplit(self.base)
        host = parts.hostname or ""
        netloc = f"{host}:{parts.port}" if parts.port else host
        return urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def route_of(base: str, routes: Sequence[str], never: Sequence[str] = ()) -> tuple[str, str]:
    """The route that a URL asks for, and the path to add to it: a URL may end in a route, or take the first of them.

    Raises ConfigurationError where it ends in one of `never`.
    """
    path = urlsplit(base).path
    if path.endswith(tuple(never)):
        raise ConfigurationError(f"PROCTOR_THINKING_URL: {path} gives no raw score; {', '.join(routes)} do")
    for route in routes:
        if path.endswith(route):
            return route, ""
    return routes[0], routes[0]


def members(answer: Any, name: str, count: int) -> list[Any]:
    """`answer[name]`, a list of `count`. Raises ThinkingUnavailable."""
    items = answer.get(name) if isinstance(answer, dict) else None
    return counted(items, count)


def counted(items: Any, count: int) -> list[Any]:
    """`items`, a list of `count`. Raises ThinkingUnavailable."""
    if not isinstance(items, list):
        raise ThinkingFailed("an answer without a list of scores")
    if len(items) != count:
        raise ThinkingUnavailable(f"{len(items)} scores for {count} inputs")
    return items


def in_order(items: list[Any]) -> list[dict[str, Any]]:
    """`items`, objects whose `index`, where they have one, is their place. Raises ThinkingUnavailable."""
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            raise ThinkingFailed("a score that is no object")
        if item.get("index", place) != place:
            raise ThinkingUnavailable(f"scores out of order: index {item.get('index')!r} at place {place}")
    return items


def _start(content: bytearray) -> str:
    return ascii(content[:200].decode("utf-8", "replace"))[1:-1]
