"""Admission: a plan becomes stored samples and waiting units.

Begin, store piece by piece, open: until it is opened a batch is invisible, and swept if its API process dies; from
then on it is durable. A small batch goes in one round trip. See `lua/begin.lua` and `lua/open.lua`.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from proctor.errors import IdempotencyClash, Overloaded, Unavailable
from proctor.jobs.channel import Argument, Command
from proctor.jobs.pipe import checked
from proctor.jobs.records import WINDOW_S, cases_in, score, slug, write_batch, write_spec, write_waiting
from proctor.jobs.scripts import AsyncScripts
from proctor.judge.plan import Plan, PlannedUnit
from proctor.settings import Settings

#: Samples or units, and bytes, per piece: bounds the length of a command and the time Redis spends in one.
PIECE = 200
PIECE_BYTES = 1 << 20
#: A half-admitted batch whose API process has been silent for so long is dropped.
GRACE_MS = 5000
#: A batch's test sets outlast its deadline by this, seconds; longer than its last samples run.
TESTS_OUTLAST_S = 3600.0
#: Keys per script: Lua unpacks no more than some thousands.
KEYS = 1000

Call = tuple[str, list[Argument]]


@dataclass(frozen=True, slots=True)
class Begun:
    """How admission began: a batch of our own, or one that the same idempotency key made before."""

    batch_id: str
    ours: bool


class Admission:
    """Admits batches. One per process."""

    def __init__(self, client: Any, settings: Settings, scripts: AsyncScripts | None = None) -> None:
        self._settings = settings
        self._scripts = scripts or AsyncScripts(client, settings.namespace)

    async def admit(
        self, owner: str, plan: Plan, idempotency_key: str | None, body_sha256: str | None, share: float = 1.0
    ) -> str:
        """The batch's id. Raises Overloaded, IdempotencyClash, Unavailable, RedisError."""
        batch_id = secrets.token_hex(16)
        begin = self._begin(batch_id, owner, plan, idempotency_key, body_sha256, share)
        pieces = self._pieces(batch_id, owner, plan)
        first = next(pieces)
        second = next(pieces, None)
        tests = self._tests(owner, plan)
        if second is not None or sum(map(len, plan.test_sets.values())) > PIECE_BYTES:
            await self._store_tests(plan, tests)
            tests = {}
        last = self._open(batch_id, plan, tests)
        if second is None:
            answers = await self._scripts.pipeline([begin, first, last])
            begun = await self._begun(batch_id, begin, answers[0])
            if begun.batch_id == batch_id and begun.ours:
                if answers[2] == -1:  # begun only on a later try
                    answers = await self._scripts.pipeline([first, last])
                await self._activate(batch_id, await self._opened(answers[-1], last, plan, tests))
            return begun.batch_id
        begun = await self._begun(batch_id, begin, await self._scripts.call(*_flat(begin)))
        if not begun.ours:
            return begun.batch_id
        for piece in _chain(first, second, pieces):
            if await self._scripts.call(*_flat(piece)) != 1:
                raise Unavailable("admission took too long and was given up; send the batch again", retry_after_s=5)
        await self._activate(batch_id, int(await self._scripts.call(*_flat(last))))
        return batch_id

    async def _opened(self, answer: int | list[int], last: Call, plan: Plan, tests: dict[str, str]) -> int:
        """How many units of a batch are still to be activated, once the test sets are there that it lacked."""
        if isinstance(answer, list):
            shas = list(tests)
            await self._put_tests(plan, tests, [shas[place - 1] for place in answer])
            answer = await self._scripts.call(*_flat(last))
        if isinstance(answer, list):
            raise Unavailable("a test set vanished as it was stored; send the batch again", retry_after_s=5)
        return answer

    async def _begun(self, batch_id: str, begin: Call, answer: list[bytes]) -> Begun:
        """Read the answer of `begin`; wait while another POST with the same key is being admitted."""
        deadline = time.monotonic() + 60
        while True:
            kind, *rest = [a.decode() for a in answer]
            if kind == "begun":
                return Begun(batch_id, True)
            if kind == "known":
                return Begun(rest[0], False)
            if kind == "clash":
                raise IdempotencyClash("this Idempotency-Key was used with another body")
            if kind == "overloaded":
                raise _overloaded(int(rest[0]), float(rest[1]), float(rest[2]))
            if time.monotonic() > deadline:
                raise Unavailable("a batch with this Idempotency-Key is still being admitted", retry_after_s=5)
            await asyncio.sleep(0.05)
            answer = await self._scripts.call(*_flat(begin))

    async def _activate(self, batch_id: str, left: int) -> None:
        if left < 0:
            raise Unavailable("admission took too long and was given up; send the batch again", retry_after_s=5)
        while left > 0:
            left = int(await self._scripts.call("activate", batch_id, PIECE))

    # test sets: each is kept once per owner, until no unit of this batch can start any more

    def _tests(self, owner: str, plan: Plan) -> dict[str, str]:
        """Where the plan's test sets lie, by hash."""
        return {sha: resolved_key(self._settings.namespace, owner, sha) for sha in plan.test_sets}

    async def _store_tests(self, plan: Plan, tests: dict[str, str]) -> None:
        shas = list(tests)
        for at in range(0, len(shas), KEYS):
            part = shas[at : at + KEYS]
            missing = await self._scripts.call("keep", _tests_ttl_s(plan), *(tests[sha] for sha in part))
            await self._put_tests(plan, tests, [part[place - 1] for place in missing])

    async def _put_tests(self, plan: Plan, tests: dict[str, str], missing: Sequence[str]) -> None:
        commands: list[Command] = []
        size = 0
        for sha in missing:
            commands.append(("SET", tests[sha], plan.test_sets[sha], "EX", _tests_ttl_s(plan)))
            size += len(plan.test_sets[sha])
            if size >= PIECE_BYTES:
                await self._run(commands)
                commands, size = [], 0
        await self._run(commands)

    async def _run(self, commands: list[Command]) -> None:
        if commands:
            for reply in await self._scripts.pipe.run(commands):
                checked(reply)

    # the calls

    def _begin(
        self, batch_id: str, owner: str, plan: Plan, key: str | None, body_sha256: str | None, share: float = 1.0
    ) -> Call:
        fields = write_batch(plan, owner, _soft_groups(plan))
        idem = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest() if key is not None else ""
        ttl_s = int(plan.deadline_s + self._settings.results_ttl_s + 3600)
        args: list[Argument] = [batch_id, owner, len(plan.samples), self._settings.max_waiting_samples]
        args += [idem, body_sha256 or "", GRACE_MS, ttl_s, plan.deadline_s, share]
        for name, value in fields.items():
            args += [name, value]
        return "begin", args

    def _open(self, batch_id: str, plan: Plan, tests: dict[str, str]) -> Call:
        walls = [s.unit.limits.sample_wall_s for s in plan.samples if s.unit]
        start_by_ms = int((plan.deadline_s - max(walls, default=0.0)) * 1000)
        known = ",".join(str(s.index) for s in plan.samples if s.unit is None)
        return "open", [batch_id, start_by_ms, known, PIECE, _tests_ttl_s(plan), *tests.values()]

    def _pieces(self, batch_id: str, owner: str, plan: Plan) -> Iterator[Call]:
        """Samples and units in pieces of bounded size; at least one piece."""
        with_text = self._settings.thinking_provider != "none" and plan.reward.policy != "outcome"
        ordinals: dict[str, int] = {}
        waiting: dict[str, list[int]] = {}
        units: dict[str, PlannedUnit] = {}
        samples: list[Argument] = []
        size = 0
        for sample in plan.samples:
            if sample.unit is not None:
                units.setdefault(sample.unit.key, sample.unit)
                waiting.setdefault(sample.unit.key, []).append(sample.index)
            ordinal = -1 if sample.group is None else ordinals.setdefault(sample.group, len(ordinals))
            text = write_waiting(sample, ordinal, with_text=with_text)
            samples += [sample.index, text]
            size += len(text)
            if len(samples) >= 2 * PIECE or size >= PIECE_BYTES:
                yield "store", [batch_id, GRACE_MS, len(samples) // 2, 0, *samples]
                samples, size = [], 0
        yield from self._units(batch_id, owner, plan, samples, units, waiting)

    def _units(
        self,
        batch_id: str,
        owner: str,
        plan: Plan,
        samples: list[Argument],
        units: dict[str, PlannedUnit],
        waiting: dict[str, list[int]],
    ) -> Iterator[Call]:
        """The units in pieces; the first piece carries the samples that are left over."""
        window = int(time.time()) // WINDOW_S
        cases = {sha: cases_in(body) for sha, body in plan.test_sets.items()}
        limits: dict[int, dict[str, Any]] = {}
        args: list[Argument] = []
        size = 0
        for key, unit in units.items():
            dumped = limits.setdefault(id(unit.limits), unit.limits.model_dump())
            spec = write_spec(owner, unit, dumped)
            place = score(window, unit, cases.get(unit.tests_sha256, 1))
            item = f"{place}|{int(unit.limits.sample_wall_s * 1000)}|{key}"
            args += [key, ",".join(map(str, waiting[key])), item, spec]
            size += len(spec)
            if len(args) >= 4 * PIECE or size >= PIECE_BYTES:
                yield "store", [batch_id, GRACE_MS, len(samples) // 2, len(args) // 4, *samples, *args]
                samples, args, size = [], [], 0
        if args or samples:
            yield "store", [batch_id, GRACE_MS, len(samples) // 2, len(args) // 4, *samples, *args]


def resolved_key(namespace: str, owner: str, sha256: str) -> str:
    """Where a resolved test set of a plan lies."""
    return f"{namespace}:t:{slug(owner)}:{sha256}"


def uploaded_key(namespace: str, owner: str, sha256: str) -> str:
    """Where the body of an uploaded test set lies."""
    return f"{namespace}:up:{slug(owner)}:{sha256}"


def _tests_ttl_s(plan: Plan) -> int:
    return int(plan.deadline_s + TESTS_OUTLAST_S)


def _soft_groups(plan: Plan) -> list[str]:
    """For soft-gate: the indices of each group, by the group's ordinal."""
    if plan.reward.policy != "soft-gate":
        return []
    groups: dict[str | None, list[int]] = {}
    for sample in plan.samples:
        if sample.group is not None:
            groups.setdefault(sample.group, []).append(sample.index)
    return [",".join(map(str, members)) for members in groups.values()]


def _overloaded(over: int, seconds_each: float, workers: float) -> Overloaded:
    """Retry when as many samples as were too many should be finished. workers: those at work for this owner."""
    retry_after_s = min(60.0, max(1.0, over * seconds_each / (workers or 1)))
    detail = "the queue, or this key's share of it, is full" if workers else "the queue is full and no worker is there"
    return Overloaded(detail, retry_after_s=retry_after_s)


def _flat(call: Call) -> tuple[Any, ...]:
    return (call[0], *call[1])


def _chain(first: Call, second: Call, rest: Iterator[Call]) -> Iterator[Call]:
    yield first
    yield second
    yield from rest


__all__ = ["Admission", "resolved_key", "uploaded_key"]
