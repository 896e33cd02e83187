"""The end of a batch: its summary and provenance, written once, by whoever commits its last result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from proctor import __version__
from proctor.finish.health import Step, Trend, add, step_of, trend
from proctor.finish.known import Known
from proctor.finish.metrics import observe
from proctor.finish.runs import Runs
from proctor.finish.summary import summarize
from proctor.jobs.clock import RedisClock
from proctor.jobs.pipe import checked
from proctor.jobs.records import Account, BatchInfo, dumps, read_accounts
from proctor.jobs.scripts import AsyncScripts
from proctor.wire import Provenance, Summary


@dataclass(frozen=True, slots=True)
class LastWords:
    """What ends a batch. texts: summary and provenance, encoded."""

    accounts: Sequence[Account]
    step: Step
    summary: Summary
    texts: list[str]


class Closing:
    """Closes batches. describe: the thinking model, None without one; ttl_s: how long results are kept."""

    def __init__(
        self,
        scripts: AsyncScripts,
        known: Known,
        runs: Runs,
        clock: RedisClock,
        *,
        describe: Callable[[], dict[str, Any]] | None,
        ttl_s: int,
    ) -> None:
        self._scripts = scripts
        self._known = known
        self._runs = runs
        self._clock = clock
        self._describe = describe
        self._ttl_s = ttl_s

    async def close_if_complete(self, batch_id: str) -> None:
        """Close a batch whose results are all there, where that was left undone. Raises RedisError."""
        info = await self._known.info(batch_id)
        if info is not None and await self._scripts.pipe.one("LLEN", self._known.key(batch_id) + ":r") >= info.total:
            key = self._known.key(info.id)
            replies = await self._scripts.pipe.run([("GET", key + ":a"), ("HMGET", key, "image", "tier", "closed")])
            accounts, (image, tier, closed) = map(checked, replies)
            if accounts is not None and not closed:
                await self.close(info, accounts, image, tier)

    async def close(self, info: BatchInfo, accounts: bytes, image: bytes | None, tier: bytes | None) -> None:
        """Write summary and provenance; the batch has ended. accounts: of all its results."""
        by = {name: value.decode() for name, value in (("image", image), ("tier", tier)) if value}
        last = await self.last_words(info, read_accounts(accounts), by)
        if await self._scripts.call("close", info.id, *last.texts, self._ttl_s):
            await self.closed(info, last)
        else:
            self._known.forget(info.id)

    async def last_words(
        self, info: BatchInfo, accounts: Sequence[Account], by: dict[str, str] | None = None
    ) -> LastWords:
        """What closes the batch. accounts: of all its results; by: the image and tier that it is marked with."""
        by = {**self._known.marks(info.id), **(by or {})}  # a large commit may overtake the mark
        step = step_of(accounts, info.step)
        summary = summarize(accounts, max(1e-6, self._clock.now() - info.created_s), await self._trend(info, step))
        provenance = Provenance(
            version=__version__,
            image=by.get("image"),
            tier=by.get("tier"),
            limits=info.limits,
            test_sets=list(info.test_sets),
            thinking=self._describe() if self._describe else None,
        )
        texts = [dumps(model.model_dump(mode="json")) for model in (summary, provenance)]
        return LastWords(accounts, step, summary, texts)

    async def closed(self, info: BatchInfo, last: LastWords) -> None:
        """The batch has ended by `last`, now and by us."""
        self._known.forget(info.id)
        if info.run is not None:
            await self._runs.add(info.owner, info.run, last.step)
        observe(info.run, last.accounts, last.summary)

    async def _trend(self, info: BatchInfo, step: Step) -> Trend:
        """How the batch's run goes, the batch included."""
        return trend(add(await self._runs.steps(info.owner, info.run), step)) if info.run is not None else Trend()
