"""Results, composed and committed, each exactly once (`lua/commit.lua`)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from proctor.finish.closing import Closing
from proctor.finish.result import Finished, gamma_of, given_up, result
from proctor.jobs.channel import Argument
from proctor.jobs.clock import RedisClock
from proctor.jobs.records import Account, BatchInfo
from proctor.jobs.scripts import AsyncScripts
from proctor.wire import InvalidCode

#: Samples per script.
PIECE = 200

log = logging.getLogger("proctor.finisher")


class Commits:
    """Commits results, and has a batch closed with its last one. ttl_s: how long results are kept."""

    def __init__(self, scripts: AsyncScripts, closing: Closing, clock: RedisClock, *, ttl_s: int) -> None:
        self._scripts = scripts
        self._closing = closing
        self._clock = clock
        self._ttl_s = ttl_s

    async def finish(self, info: BatchInfo, samples: Sequence[Finished]) -> None:
        """Commit samples; those of soft-gate once their group is whole. Raises RedisError."""
        if info.reward.policy == "soft-gate":
            ordinals = dict.fromkeys(done.sample.ordinal for done in samples)
            for ordinal in ordinals:
                await self._hold(info, ordinal, [d for d in samples if d.sample.ordinal == ordinal])
        else:
            await self._commit(info, samples, None)

    async def _hold(self, info: BatchInfo, ordinal: int, samples: Sequence[Finished]) -> None:
        args: list[Argument] = [info.id, info.members(ordinal)]
        for done in samples:
            args += [done.sample.index, done.to_text()]
        held = await self._scripts.call("hold", *args)
        if held:
            group = [Finished.from_text(text) for text in held]
            await self._commit(info, group, gamma_of(info.reward, group))

    async def _commit(self, info: BatchInfo, samples: Sequence[Finished], gamma: float | None) -> None:
        """Commit results, once each; close the batch with its last one."""
        for at in range(0, len(samples), PIECE):
            args: list[Argument] = []
            accounts: list[Account] = []
            for done in samples[at : at + PIECE]:
                account, text = self._result(info, done, gamma)
                accounts.append(account)
                args += [done.sample.index, account.line(), text]
            last = await self._closing.last_words(info, accounts) if len(accounts) == info.total else None
            closing: list[Argument] = [*last.texts, self._ttl_s] if last else ["", "", ""]
            done_now, total, _, *ending = await self._scripts.call("commit", info.id, *closing, *args)
            if last is not None and ending == [b"closed"]:
                await self._closing.closed(info, last)
            elif done_now >= total > 0:
                await self._closing.close(info, *ending)

    def _result(self, info: BatchInfo, done: Finished, gamma: float | None) -> tuple[Account, str]:
        now_s = self._clock.now()
        try:
            return result(info, done, now_s, gamma)
        except ValueError as error:  # a fault of ours, as weights are checked on arrival: no reward, not a wrong one
            log.error("no reward can be composed: %s", error)
            outcome = given_up(InvalidCode.TESTS_INVALID, f"no reward can be composed: {error}")
            return result(info, Finished(done.sample, outcome, done.started_s), now_s)
