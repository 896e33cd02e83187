"""AReaL (1.0): a reward function for its workflows.

    RLVRWorkflow(reward_fn=ProctorReward("http://127.0.0.1:8000"), …)

AReaL runs `reward_fn` in a process pool and gives a call 15 s, the wait for a free process included, and four tries; a
timeout at the last one is a silent 0. So `ProctorReward` always answers or raises before that, and a later try joins
the work of the earlier ones. Longer waits need `AsyncProctorReward`, which takes the pool's place:

    workflow.async_reward_fn = AsyncProctorReward("http://127.0.0.1:8000")

`on_invalid` is "wait", "raise" or a number; "wait" in the pool waits through AReaL's four tries, then the
episode fails.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any, Unpack

from proctor.client import RewardClient
from proctor.client.retry import Retry
from proctor.trainers.scoring import PASSING, Options, Scoring
from proctor.trainers.tally import OnInvalid, Tally, Unscorable
from proctor.wire import InvalidCode, Sample, SampleResult

CALL_S = 12.0  # of AReaL's 15 s
POLL_S = (0.05, 0.5)
WINDOW_S = 300  # tries within it are tries of the same work


class AsyncProctorReward:
    """Stands in for AReaL's AsyncRewardWrapper: awaited, without a process pool and its 15 s."""

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:8000",
        *,
        on_invalid: OnInvalid = "wait",
        **options: Unpack[Options],
    ) -> None:
        """See `Options`."""
        self.scoring = Scoring(url, on_invalid=on_invalid, **options)

    async def __call__(
        self, prompt: Any, completions: Any, prompt_ids: Any = None, completion_ids: Any = None, **row: Any
    ) -> float:
        """The reward. Raises Unscorable, ClientError."""
        (scored,) = await self.scoring.ascore([self.scoring.sample(completions, prompt, row)])
        assert scored.reward is not None  # on_invalid "none" is refused
        return scored.reward


class ProctorReward:
    """A `reward_fn` that can be pickled and is done, one way or the other, within AReaL's 15 s."""

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:8000",
        *,
        on_invalid: OnInvalid = "wait",
        call_s: float = CALL_S,
        **options: Unpack[Options],
    ) -> None:
        """call_s: the most that one call takes, seconds. Otherwise see `Options`."""
        options.setdefault("patience_s", call_s)
        self.scoring = Scoring(url, on_invalid=on_invalid, **options)
        self._call_s = call_s
        self._client = options.get("client") or RewardClient(
            url, api_key=options.get("api_key"), retry=Retry(patience_s=call_s / 2)
        )

    def __call__(
        self, prompt: Any, completions: Any, prompt_ids: Any = None, completion_ids: Any = None, **row: Any
    ) -> float:
        """The reward. Raises Unscorable where it is not there in time, ClientError."""
        until = time.monotonic() + self._call_s
        sample = self.scoring.sample(completions, prompt, row)
        tally = Tally(1, self.scoring.on_invalid, 0.0)
        try:
            tally.take(self._results(sample, until))
        except PASSING as error:
            tally.fail(error)
        reward = tally.scored()[0].reward
        assert reward is not None  # on_invalid "none" is refused
        return reward

    def _results(self, sample: Sample, until: float) -> list[SampleResult]:
        """The result of the sample; a next try joins the work. Raises Unscorable, ClientError."""
        after = f"{time.time() // WINDOW_S}"
        while True:
            after, results = self._batch(sample, after, until)
            error = results[0].error
            lasting = error is not None and error.code is InvalidCode.TESTS_INVALID
            if error is None or lasting or self.scoring.on_invalid != "wait":
                return results
            self._rest(POLL_S[1], until)

    def _batch(self, sample: Sample, after: str, until: float) -> tuple[str, list[SampleResult]]:
        """The batch that follows `after` for this sample, the same for every try. Raises Unscorable, ClientError."""
        text = f"{after} {sample.model_dump()!r} {self.scoring.spec!r}"
        batch_id = self._client.submit(
            [sample],
            idempotency_key=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            reward=self.scoring.spec,
            deadline_s=self.scoring.deadline_s,
        )
        pause_s = POLL_S[0]
        while True:
            status = self._client.status(batch_id)
            if status.done >= status.total:
                return batch_id, status.results
            self._rest(pause_s, until)
            pause_s = min(POLL_S[1], 2 * pause_s)

    def _rest(self, pause_s: float, until: float) -> None:
        if time.monotonic() + pause_s > until:
            raise Unscorable(f"not scored within {self._call_s:g} s; the next try goes on from here")
        time.sleep(pause_s)
