"""Batches as the API sees them: admit, follow, read, cancel; test sets; workers.

Every call is for one owner (the id of an API key) and knows nothing of others'. Redis being away is `Unavailable`,
never an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

from redis.exceptions import RedisError

from proctor.errors import IdempotencyClash, InvalidRequest, NotFound, Unavailable
from proctor.jobs.admit import Admission, uploaded_key
from proctor.jobs.news import News
from proctor.jobs.pipe import checked
from proctor.jobs.scripts import AsyncScripts
from proctor.judge.plan import Plan
from proctor.settings import Settings
from proctor.wire import Provenance, Summary

#: A worker is live if it gave a sign within this time; see STALE_MS in lua/common.lua.
LIVE_S = 5.0
#: Readers look for themselves this often, in case a message was lost.
POLL_S = 5.0
#: Results that a reader asks for along with what others ask; larger pages get a connection of their own.
SMALL_PAGE = 64
#: How long a new batch waits for a thinking model that is down.
THINKING_PATIENCE_S = 20.0

Status = Literal["queued", "running", "done", "cancelled"]
P = ParamSpec("P")
T = TypeVar("T")


class ThinkingModel(Protocol):
    """What admission asks of the scorer."""

    def available(self) -> bool:
        """Whether the model may be asked now."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a batch is. Ended: every result is there, and so are provenance and summary.

    A batch that was cancelled is `running` until its last sample has its (cancelled) result. first: its first results,
    where they were asked for.
    """

    status: Status
    done: int
    total: int
    provenance: Provenance | None
    summary: Summary | None
    first: Sequence[bytes] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing will be added."""
        return self.summary is not None


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A live worker, as its sandbox describes itself."""

    id: str
    provider: str
    tier: str
    languages: dict[str, str]
    enforcement: dict[str, str]
    image: str | None


def _guarded(tries: int) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Redis's failures become Unavailable, after `tries` (a connection may be stale since Redis was restarted)."""

    def decorate(call: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(call)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            for left in reversed(range(tries)):
                try:
                    return await call(*args, **kwargs)
                except (RedisError, OSError) as error:
                    if not left:
                        detail = f"the queue cannot be reached: {type(error).__name__}"
                        raise Unavailable(detail, retry_after_s=2) from error
                    await asyncio.sleep(0.1)
            raise AssertionError("at least one try")

        return guarded

    return decorate


class Batches:
    """The queue as the API sees it. redis: a `redis.asyncio.Redis` that answers bytes."""

    def __init__(self, redis: Any, settings: Settings, thinking: ThinkingModel | None = None) -> None:
        self._redis = redis
        self._settings = settings
        self._thinking = thinking
        self._prefix = f"{settings.namespace}:"
        self._scripts = AsyncScripts(redis, settings.namespace)
        self._pipe = self._scripts.pipe
        self._admission = Admission(redis, settings, self._scripts)
        self._news = News(redis, settings.namespace)

    async def close(self) -> None:
        """Stop listening; the Redis client stays the caller's."""
        await self._news.close()
        self._pipe.close()

    # admission

    @_guarded(3)
    async def known(self, owner: str, idempotency_key: str, body_sha256: str) -> str | None:
        """The batch that this key made before. Raises IdempotencyClash where its body was another."""
        idem = hashlib.sha256(idempotency_key.encode("utf-8", "surrogatepass")).hexdigest()
        batch, body = await self._pipe.one("HMGET", f"{self._prefix}i:{owner}:{idem}", "batch", "body")
        if batch is None:
            return None
        status = await self._pipe.one("HGET", self._batch(batch.decode()), "status")
        if status is None:
            return None
        if body.decode() != body_sha256:
            raise IdempotencyClash("this Idempotency-Key was used with another body")
        return None if status == b"admitting" else str(batch.decode())

    @_guarded(1)
    async def admit(
        self,
        owner: str,
        plan: Plan,
        *,
        idempotency_key: str | None = None,
        body_sha256: str | None = None,
        detached: bool,
        share: float = 1.0,
    ) -> str:
        """The id of the new batch, or of the one that the same key and body made before.

        detached: the batch outlives the connection that brought it; the caller cancels one that does not.
        share: the owner's weight among those that wait, for sandbox time and for room in the queue.
        Raises Overloaded, Unavailable, IdempotencyClash.
        """
        await self._await_thinking(plan)
        return await self._admission.admit(owner, plan, idempotency_key, body_sha256, share)

    async def _await_thinking(self, plan: Plan) -> None:
        """While the thinking model is down new batches wait, then are refused: an outage that voids only passing
        samples would bias their groups."""
        if self._thinking is None or plan.reward.policy == "outcome":
            return
        until = time.monotonic() + min(THINKING_PATIENCE_S, plan.deadline_s / 2)
        while not self._thinking.available():
            if time.monotonic() >= until:
                raise Unavailable("the thinking model is down", retry_after_s=10)
            await asyncio.sleep(0.25)

    # reading

    @_guarded(3)
    async def status(self, owner: str, batch_id: str) -> State:
        """Where a batch is. Raises NotFound."""
        return await self._state(owner, batch_id)

    async def _state(self, owner: str, batch_id: str, first: int = 0) -> State:
        key = self._batch(batch_id)
        head = ("HMGET", key, "owner", "status", "total", "closed", "provenance", "summary")
        along = [("LRANGE", key + ":r", 0, first - 1)] if first else []
        fields, done, *results = await self._pipe.run([head, ("LLEN", key + ":r"), *along])
        holder, status, total, closed, provenance, summary = checked(fields)
        if holder is None or holder.decode() != owner or status == b"admitting":
            raise NotFound("no such batch")
        shown: Status = status.decode() if closed or status == b"queued" else "running"
        return State(
            status=shown,
            done=int(checked(done)),
            total=int(total),
            provenance=Provenance.model_validate_json(provenance) if closed else None,
            summary=Summary.model_validate_json(summary) if closed else None,
            first=checked(results[0]) if results else (),
        )

    @_guarded(3)
    async def results(self, owner: str, batch_id: str, after: int = 0, count: int = 1000) -> list[bytes]:
        """Finished results from number `after` on, ASCII JSON each, in the order of finishing. Raises NotFound."""
        key = self._batch(batch_id)
        run = self._pipe.run if count <= SMALL_PAGE else self._pipe.apart
        holder, results = await run([("HGET", key, "owner"), ("LRANGE", key + ":r", after, after + count - 1)])
        if checked(holder) is None or holder.decode() != owner:
            raise NotFound("no such batch")
        return list(checked(results))

    @_guarded(3)
    async def wait(self, owner: str, batch_id: str, seen: int, timeout_s: float, *, first: int = 0) -> State | None:
        """Where the batch is once more than `seen` are done or it has ended; None if `timeout_s` seconds passed before.

        With `seen` at least the batch's total: until it has ended. first: how many of its first results to bring along.
        Redis being away is waited for. Raises NotFound.
        """
        until = time.monotonic() + timeout_s
        with self._news.of(batch_id, seen) as moved:
            while (left := until - time.monotonic()) > 0:
                moved.clear()
                try:
                    state = await self._state(owner, batch_id, first)
                except (RedisError, OSError):
                    await asyncio.sleep(min(left, POLL_S / 2))
                    continue
                if state.done > seen or state.ended:
                    return state
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(moved.wait(), min(left, POLL_S))
        return None

    @_guarded(3)
    async def cancel(self, owner: str, batch_id: str) -> None:
        """Kill what runs, drop what waits; returns when that is on record, the results follow. Raises NotFound."""
        if await self._scripts.call("cancel", batch_id, owner) == 0:
            raise NotFound("no such batch")

    # test sets

    @_guarded(3)
    async def put_test_set(self, owner: str, sha256: str, body: bytes) -> bool:
        """Keep an uploaded test set; whether it was new. Raises InvalidRequest where the hash is another."""
        if hashlib.sha256(body).hexdigest() != sha256:
            raise InvalidRequest("the body does not have this SHA-256")
        key = uploaded_key(self._settings.namespace, owner, sha256)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.exists(key)
            pipe.set(key, body, ex=self._settings.test_set_ttl_s)
            there, _ = await pipe.execute()
        return not there

    @_guarded(3)
    async def has_test_set(self, owner: str, sha256: str) -> bool:
        """Whether this owner uploaded it and it has not expired."""
        return bool(await self._redis.exists(uploaded_key(self._settings.namespace, owner, sha256)))

    @_guarded(3)
    async def test_sets(self, owner: str, shas: Collection[str]) -> dict[str, bytes]:
        """Those of `shas` that are here, by hash; use renews them."""
        found: dict[str, bytes] = {}
        for sha in shas:
            key = uploaded_key(self._settings.namespace, owner, sha)
            body = await self._redis.getex(key, ex=self._settings.test_set_ttl_s)
            if body is not None:
                found[sha] = body
        return found

    # workers

    @_guarded(3)
    async def workers(self) -> list[WorkerInfo]:
        """The live ones."""
        return await self._workers()

    async def _workers(self) -> list[WorkerInfo]:
        seconds, _ = await self._redis.time()
        names = await self._redis.zrangebyscore(f"{self._prefix}workers", (int(seconds) - LIVE_S) * 1000, "+inf")
        if not names:
            return []
        texts = await self._redis.mget([f"{self._prefix}w:{name.decode()}" for name in names])
        return [
            WorkerInfo(id=name.decode(), **json.loads(text))
            for name, text in zip(names, texts, strict=True)
            if text is not None
        ]

    @_guarded(3)
    async def unfinished(self) -> int:
        """Samples admitted and not finished, of every owner."""
        return sum(int(count) for count in await self._redis.hvals(f"{self._prefix}load"))

    @_guarded(3)
    async def ready(self) -> None:
        """Return if work would be done now. Raises Unavailable."""
        if not await self._workers():
            raise Unavailable("no worker with a sandbox is there", retry_after_s=2)

    def _batch(self, batch_id: str) -> str:
        return f"{self._prefix}b:{batch_id}"
