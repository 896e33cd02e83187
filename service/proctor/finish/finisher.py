"""The finisher: outcome → gate → thinking → reward → commit.

Stateless, one in every API process, all of them consumers of one group. An entry of the stream `outcomes` is
acknowledged only when every sample that waited for it is committed, so a finisher that dies loses nothing: another
claims its entries after some seconds, and what was committed stays as it was (`lua/commit.lua`, `lua/settle.lua`).
Samples that wait for the thinking model wait beside the others, never before them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from proctor.errors import ThinkingError
from proctor.finish.closing import Closing
from proctor.finish.commits import PIECE, Commits
from proctor.finish.entries import Entry, entries_of, read_entry
from proctor.finish.known import Known
from proctor.finish.result import Finished, Thinking, given_up, open_outcome
from proctor.finish.runs import Runs
from proctor.jobs.channel import Argument, Channel
from proctor.jobs.clock import RedisClock, going_on
from proctor.jobs.pipe import checked
from proctor.jobs.records import BatchInfo, Waiting, read_waiting
from proctor.jobs.scripts import AsyncScripts
from proctor.judge.outcome import Outcome
from proctor.rewards import asks_thinking
from proctor.settings import Settings
from proctor.thinking.types import Score, Thought
from proctor.wire import InvalidCode

GROUP = "finishers"
#: Entries read at a time.
READ = 32
#: Entries in hand, at most; beyond that they stay in Redis.
IN_HAND = 2000
#: How long a read waits for entries; shorter than a client's patience with Redis.
BLOCK_MS = 2000
#: An entry whose finisher has been silent for so long is another's.
CLAIM_MS = 4000
RENEW_S = 1.0

T = TypeVar("T")
log = logging.getLogger("proctor.finisher")


class ThinkingModel(Protocol):
    """What the finisher asks of the scorer."""

    async def score(self, thought: Thought) -> Score:
        """T of one thought. Raises ThinkingUnavailable."""

    def describe(self) -> dict[str, Any]:
        """For provenance."""


class Finisher:
    """Turns outcomes into committed results. redis: a `redis.asyncio.Redis` that answers bytes."""

    def __init__(self, redis: Any, settings: Settings, scorer: ThinkingModel | None) -> None:
        self._redis = redis
        self._scorer = scorer
        self._stream = f"{settings.namespace}:outcomes"
        self._scripts = AsyncScripts(redis, settings.namespace)
        self._pipe = self._scripts.pipe
        self._clock = RedisClock(redis)
        self._inbox = Channel(redis)
        ttl_s = settings.results_ttl_s
        self._known = Known(self._pipe, settings.namespace)
        runs = Runs(self._scripts, settings.namespace)
        describe = scorer.describe if scorer else None
        self._closing = Closing(self._scripts, self._known, runs, self._clock, describe=describe, ttl_s=ttl_s)
        self._commits = Commits(self._scripts, self._closing, self._clock, ttl_s=ttl_s)
        self._name = secrets.token_hex(8)
        self._away = False
        self._in_hand: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Finish until cancelled. Redis being away is waited for."""
        keep = asyncio.create_task(self._keep_alive(), name="proctor-finisher-keep")
        try:
            while going_on():
                try:
                    await self._clock.refresh()
                    await self._read()
                except (RedisError, OSError) as error:
                    await self._recover(error)
            raise asyncio.CancelledError
        finally:
            for task in (keep, *self._tasks):
                task.cancel()
            await asyncio.gather(keep, *self._tasks, return_exceptions=True)
            await self._leave()
            self._inbox.close()
            self._pipe.close()

    # the stream

    async def _read(self) -> None:
        if len(self._in_hand) >= IN_HAND:
            await asyncio.sleep(0.05)
            return
        group = (
            "XREADGROUP",
            "GROUP",
            GROUP,
            self._name,
            "COUNT",
            READ,
            "BLOCK",
            BLOCK_MS,
            "STREAMS",
            self._stream,
            ">",
        )
        (streams,) = await self._inbox.run([group])
        checked(streams)
        self._away = False
        self._accept(entries_of(streams))

    def _accept(self, entries: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> None:
        """Start on entries that are new in hand."""
        outcomes: list[Entry] = []
        for raw_id, fields in entries:
            entry_id = raw_id.decode()
            if entry_id in self._in_hand or not fields:
                continue
            self._in_hand.add(entry_id)
            if b"op" in fields:
                self._spawn([entry_id], partial(self._operate, entry_id, fields))
            else:
                outcomes.append(read_entry(entry_id, fields))
        if outcomes:
            self._spawn([entry.id for entry in outcomes], partial(self._serve, outcomes))

    def _spawn(self, ids: Sequence[str], work: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:  # makes the coroutine of `work` itself: cancelled before, it leaves none behind
            try:
                await work()
            except (RedisConnectionError, RedisTimeoutError, OSError) as error:
                log.warning("finishing was cut short (%s); the entries will be claimed again", type(error).__name__)
            except Exception:
                log.exception("finishing failed; the entries will be claimed again")
            finally:
                self._in_hand.difference_update(ids)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _recover(self, error: Exception) -> None:
        if isinstance(error, ResponseError) and "NOGROUP" in str(error):
            with contextlib.suppress(RedisError, OSError):
                await self._redis.xgroup_create(self._stream, GROUP, id="0", mkstream=True)
                return
        log.log(logging.DEBUG if self._away else logging.WARNING, "cannot read outcomes: %s", type(error).__name__)
        self._away = True
        await asyncio.sleep(0.5)

    async def _keep_alive(self) -> None:
        """Show that the entries in hand are, and claim those whose finisher has died."""
        while going_on():
            await asyncio.sleep(RENEW_S)
            try:
                mine = list(self._in_hand)
                for at in range(0, len(mine), 500):
                    await self._redis.xclaim(self._stream, GROUP, self._name, 0, mine[at : at + 500], justid=True)
                if len(self._in_hand) < IN_HAND:
                    _, entries, *_ = await self._redis.xautoclaim(self._stream, GROUP, self._name, CLAIM_MS, count=READ)
                    self._accept((i, f) for i, f in entries if i is not None)
            except (RedisError, OSError) as error:
                log.debug("cannot renew claims: %s", type(error).__name__)

    async def _leave(self) -> None:
        """Remove this consumer and those long gone; one with entries stays until they are claimed."""
        with contextlib.suppress(RedisError, OSError):
            for consumer in await self._redis.xinfo_consumers(self._stream, GROUP):
                own = consumer["name"] == self._name.encode()
                if consumer["pending"] == 0 and (own or consumer["idle"] > 3_600_000):
                    await self._redis.xgroup_delconsumer(self._stream, GROUP, consumer["name"])

    # outcomes

    async def _serve(self, entries: Sequence[Entry]) -> None:
        """Bring outcomes to everybody who waits for them, those who came meanwhile included."""
        while entries:
            slow = await self._serve_once(entries)
            for entry in entries:
                if entry.id in slow:
                    self._in_hand.add(entry.id)
                    self._spawn([entry.id], partial(self._serve_slow, entry, slow[entry.id]))
            ready = [entry for entry in entries if entry.id not in slow]
            entries = [entry for entry, gone in zip(ready, await self._settle(ready), strict=True) if not gone]

    async def _serve_once(
        self, entries: Sequence[Entry], only: str | None = None
    ) -> dict[str, list[tuple[BatchInfo, Finished]]]:
        """Commit what needs no thinking model. Returns the rest, by entry. only: serve this batch alone."""
        by_key = {key: entry for entry in entries for key in entry.outcomes}
        quick: defaultdict[str, list[Finished]] = defaultdict(list)
        slow: defaultdict[str, list[tuple[BatchInfo, Finished]]] = defaultdict(list)
        bare: set[str] = set()
        for entry in entries:
            entry.served = {key: [] for key in entry.outcomes}
        if not by_key:
            return slow
        found, heads = await self._scripts.call("expand", *by_key)
        for raw_id, fields in zip(heads[::2], heads[1::2], strict=True):
            if (batch_id := raw_id.decode()) not in self._known:
                self._known.learn(batch_id, dict(zip(fields[::2], fields[1::2], strict=True)))
        rows = [(k.decode(), b.decode(), s) for k, b, s in found]
        rows = [row for row in rows if only in (None, row[1])]
        by = {batch_id: by_key[key].by for key, batch_id, _ in rows}
        infos = {info.id: info for info in await _all_of(map(self._known.info, by)) if info is not None}
        for key, batch_id, samples in rows:
            entry = by_key[key]
            entry.served[key].append(batch_id)
            info = infos.get(batch_id)
            if info is None:
                continue
            if not samples:
                bare.add(batch_id)
            started_s, outcome = entry.outcomes[key]
            for index, text in zip(samples[::2], samples[1::2], strict=True):
                done = Finished(read_waiting(int(index), text), outcome, started_s)
                if self._asks(info, outcome):
                    slow[entry.id].append((info, done))
                else:
                    quick[batch_id].append(done)
        # At once: the marks go in the same round trip as the commits, and before them.
        marks = [self._known.mark(batch_id, by[batch_id]) for batch_id in infos]
        await _all_of([*marks, *(self._commits.finish(infos[batch_id], group) for batch_id, group in quick.items())])
        await _all_of(self._closing.close_if_complete(batch_id) for batch_id in bare - quick.keys())
        return slow

    async def _join(self, batch_id: str, key: str, entry_id: bytes) -> None:
        """Serve a batch that came when a unit's outcome was in hand already. Its entry is settled by who has it."""
        for raw_id, fields in await self._redis.xrange(self._stream, entry_id, entry_id):
            entry = read_entry(raw_id.decode(), fields)
            entry.outcomes = {k: outcome for k, outcome in entry.outcomes.items() if k == key}
            slow = await self._serve_once([entry], only=batch_id)
            await asyncio.gather(*(self._think_and_finish(info, done) for info, done in slow.get(entry.id, ())))

    async def _serve_slow(self, entry: Entry, samples: Sequence[tuple[BatchInfo, Finished]]) -> None:
        """Ask the thinking model, commit as answers come, then let go of the entry or serve who came meanwhile."""
        await asyncio.gather(*(self._think_and_finish(info, done) for info, done in samples))
        if not (await self._settle([entry]))[0]:
            await self._serve([entry])

    async def _think_and_finish(self, info: BatchInfo, done: Finished) -> None:
        thinking = await self._think(done.sample)
        await self._commits.finish(info, [Finished(done.sample, done.outcome, done.started_s, thinking)])

    async def _settle(self, entries: Sequence[Entry]) -> list[bool]:
        """Acknowledge the entries that nobody waits for any more; which those were."""
        calls: list[tuple[str, list[Argument]]] = []
        for entry in entries:
            args: list[Argument] = [GROUP, entry.id]
            for key, batches in entry.served.items():
                args += [key, ",".join(batches)]
            calls.append(("settle", args))
        return [bool(gone) for gone in await self._scripts.pipeline(calls)] if calls else []

    # thinking

    def _asks(self, info: BatchInfo, outcome: Outcome) -> bool:
        o = open_outcome(info.reward, outcome)
        return self._scorer is not None and o is not None and asks_thinking(info.reward, o)

    async def _think(self, sample: Waiting) -> Thinking:
        """T of a sample, or that the model failed."""
        assert self._scorer is not None
        began = time.monotonic()
        try:
            score = await self._scorer.score(Thought(sample.prompt or "", sample.reasoning or ""))
        except ThinkingError as error:
            return Thinking(seconds=time.monotonic() - began, failed=str(error)[:300] or "the thinking model failed")
        except Exception:
            log.exception("the scorer failed")
            return Thinking(seconds=time.monotonic() - began, failed="the thinking model failed")
        return Thinking(score.value, tuple(score.flags), time.monotonic() - began)

    # commands in the stream

    async def _operate(self, entry_id: str, fields: dict[bytes, bytes]) -> None:
        """Samples that end without a run: known from the start, cancelled, or past their deadline."""
        batch_id, op = fields[b"batch"].decode(), fields[b"op"]
        info = await self._known.info(batch_id)
        if info is not None and op == b"joined":
            await self._join(batch_id, fields[b"key"].decode(), fields[b"entry"])
        elif info is not None:
            if op == b"known":
                indices = fields[b"indices"].decode().split(",")
            else:
                indices = [i.decode() for i in await self._redis.hkeys(self._known.key(batch_id) + ":s")]
            for at in range(0, len(indices), PIECE):
                samples = await self._samples(batch_id, indices[at : at + PIECE])
                await self._end(info, op, samples)
            await self._closing.close_if_complete(batch_id)
        await self._scripts.call("settle", GROUP, entry_id)

    async def _end(self, info: BatchInfo, op: bytes, samples: Sequence[Waiting]) -> None:
        if op == b"known":
            await self._end_known(info, [s for s in samples if s.known is not None])
        elif op == b"cancelled":
            await self._abandon(info, "all", samples)
            outcome = given_up(InvalidCode.CANCELLED, "the batch was cancelled")
            await self._commits.finish(info, [Finished(s, outcome, None) for s in samples])
        elif op == b"deadline":
            now = self._clock.now()
            late = [s for s in samples if s.wall_s is not None and now >= info.deadline_s - s.wall_s]
            losses = await self._abandon(info, "queued", late)
            ended = [Finished(s, _too_late(losses[s.key]), None) for s in late if s.key in losses]
            await self._commits.finish(info, ended)

    async def _end_known(self, info: BatchInfo, samples: Sequence[Waiting]) -> None:
        """Outcomes that needed no run may still need the thinking model (`ungated`, `soft-gate`)."""
        quick: list[Finished] = []
        slow: list[Finished] = []
        for sample in samples:
            assert sample.known is not None
            (slow if self._asks(info, sample.known) else quick).append(Finished(sample, sample.known, info.created_s))
        await self._commits.finish(info, quick)
        await asyncio.gather(*(self._think_and_finish(info, done) for done in slow))

    async def _abandon(self, info: BatchInfo, which: str, samples: Sequence[Waiting]) -> dict[str | None, int]:
        """Take the batch from the units of `samples`. Returns the keys of those that may be ended, with losses."""
        keys = list(dict.fromkeys(s.key for s in samples if s.key is not None))
        if not keys:
            return {}
        free = await self._scripts.call("abandon", info.id, which, *keys)
        return {key.decode(): int(losses) for key, losses in zip(free[::2], free[1::2], strict=True)}

    async def _samples(self, batch_id: str, indices: Sequence[str]) -> list[Waiting]:
        texts = await self._redis.hmget(self._known.key(batch_id) + ":s", indices)
        return [read_waiting(int(i), text) for i, text in zip(indices, texts, strict=True) if text is not None]


async def _all_of(calls: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all, which run at the same time, so that what they tell Redis goes together.

    Raises the first failure, when none of them runs any more.
    """
    results = await asyncio.gather(*calls, return_exceptions=True)
    for one in results:
        if isinstance(one, BaseException):
            raise one
    return [one for one in results if not isinstance(one, BaseException)]


def _too_late(losses: int) -> Outcome:
    if losses:
        return given_up(InvalidCode.SANDBOX_UNAVAILABLE, "its sandbox was lost, and none was free until the deadline")
    return given_up(InvalidCode.DEADLINE_EXCEEDED, "the deadline came before it could start")
