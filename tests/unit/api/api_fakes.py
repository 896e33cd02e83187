"""A queue in memory, for an application without Redis where nothing runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from proctor.errors import IdempotencyClash, NotFound, Unavailable
from proctor.judge.plan import Plan


@dataclass
class FakeWorker:
    id: str = "w1"
    provider: str = "namespace"
    tier: str = "B"
    languages: dict[str, str] = field(default_factory=lambda: {"python": "3.11.2"})
    enforcement: dict[str, str] = field(default_factory=lambda: {"memory": "enforced"})
    image: str | None = "python-3.11"


@dataclass
class FakeBatch:
    owner: str
    plan: Plan
    detached: bool
    results: list[bytes] = field(default_factory=list)
    status: str = "queued"
    provenance: dict[str, Any] | None = None
    summary: dict[str, Any] | None = None
    first: Sequence[bytes] = ()

    @property
    def total(self) -> int:
        return len(self.plan.samples)

    @property
    def done(self) -> int:
        return len(self.results)


def result_json(index: int, id: str | None, verdict: str) -> bytes:
    passed = verdict == "passed"
    return json.dumps(
        {
            "index": index,
            "id": id,
            "group": None,
            "verdict": verdict,
            "reward": None if verdict == "invalid" else float(passed),
            "components": {"format": None, "outcome": float(passed), "thinking": None, "gate": float(passed)},
            "tests": {"passed": int(passed), "total": 1, "cases": []},
            "timing": {"queue_s": 0, "run_s": 0, "cpu_s": 0, "thinking_s": 0, "total_s": 0},
            "flags": [],
            "error": {"code": "cancelled", "message": "cancelled"} if verdict == "invalid" else None,
        }
    ).encode("ascii")


class FakeBackend:
    """Keeps batches in memory; `finish` ends samples as a test wants, or `instant` all of them at once."""

    def __init__(self) -> None:
        self.instant = True
        self.up = True
        self.live = [FakeWorker()]
        self.batches: dict[str, FakeBatch] = {}
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        self.sets: dict[tuple[str, str], bytes] = {}
        self.changed = asyncio.Condition()

    async def finish(self, batch_id: str, count: int | None = None, verdict: str = "passed") -> None:
        batch = self.batches[batch_id]
        batch.status = "running"
        waiting = list(reversed(batch.plan.samples[: batch.total - batch.done]))  # last first: order is not index order
        for sample in waiting[:count]:
            batch.results.append(result_json(sample.index, sample.id, verdict))
        if batch.done == batch.total:
            batch.status = "cancelled" if verdict == "invalid" else "done"
            batch.provenance = {"version": "0", "image": None, "tier": "B"}
            batch.summary = dict.fromkeys(
                ("samples", "passed", "failed", "invalid", "gate_open", "zero_variance_groups"), 0
            ) | {"wall_s": 0.1, "samples_per_s": 10.0}
        async with self.changed:
            self.changed.notify_all()

    def _mine(self, owner: str, batch_id: str) -> FakeBatch:
        batch = self.batches.get(batch_id)
        if batch is None or batch.owner != owner:
            raise NotFound("No such batch.")
        return batch

    async def known(self, owner: str, idempotency_key: str, body_sha256: str) -> str | None:
        found = self.keys.get((owner, idempotency_key))
        if found and found[1] != body_sha256:
            raise IdempotencyClash("another body")
        return found[0] if found else None

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
        batch_id = f"b{len(self.batches)}"
        self.batches[batch_id] = FakeBatch(owner, plan, detached)
        if idempotency_key:
            self.keys[owner, idempotency_key] = (batch_id, body_sha256 or "")
        if self.instant:
            await self.finish(batch_id)
        return batch_id

    async def status(self, owner: str, batch_id: str) -> FakeBatch:
        return self._mine(owner, batch_id)

    async def results(self, owner: str, batch_id: str, after: int = 0, count: int = 1000) -> list[bytes]:
        return self._mine(owner, batch_id).results[after : after + count]

    async def wait(self, owner: str, batch_id: str, seen: int, timeout_s: float, *, first: int = 0) -> FakeBatch | None:
        batch = self._mine(owner, batch_id)
        try:
            async with asyncio.timeout(timeout_s), self.changed:
                await self.changed.wait_for(lambda: batch.done > seen or batch.status in ("done", "cancelled"))
        except TimeoutError:
            return None
        return await self.status(owner, batch_id)

    async def cancel(self, owner: str, batch_id: str) -> None:
        self._mine(owner, batch_id)
        await self.finish(batch_id, verdict="invalid")

    async def put_test_set(self, owner: str, sha256: str, body: bytes) -> bool:
        new = (owner, sha256) not in self.sets
        self.sets[owner, sha256] = body
        return new

    async def has_test_set(self, owner: str, sha256: str) -> bool:
        return (owner, sha256) in self.sets

    async def test_sets(self, owner: str, shas: Collection[str]) -> dict[str, bytes]:
        return {sha: self.sets[owner, sha] for sha in shas if (owner, sha) in self.sets}

    async def workers(self) -> list[FakeWorker]:
        return self.live

    async def unfinished(self) -> int:
        if not self.up:
            raise Unavailable("Redis is away")
        return 7

    async def ready(self) -> None:
        if not self.up:
            raise Unavailable("no worker was seen for a while")


Connect = Callable[..., Any]
TESTS = {"kind": "function", "entry_point": "f", "cases": [{"args": [1], "expected": 1}]}
