"""The scorer: many samples, few calls, and never a score that the model did not give.

A thought is answered, in this order, by: being empty (T = 0), the cache, an equal thought on its way, a call.

When a call fails
    It is retried. A call that was refused, or on which the server broke, may be one input's doing: a control, a
    fixed and harmless thought, is asked. Where the control fails too, the model is down (or set up wrongly) and
    every thought of the call is `ThinkingUnavailable`. Where it passes, the call is halved until the guilty input
    stands alone: that one scores T = 0 with the flag `thinking_rejected`, so that reasoning can't buy `invalid`.
    A lost connection, 503 and the like are never held against an input; a score that is no number is an error of
    that thought alone.
When a call is late
    Every thought of it is asked alone, so that one slow input voids none but itself, and each time right after a
    control: the same problem with harmless reasoning as long as the thought's. Where the control is late too, the
    model is slow: `ThinkingUnavailable`. Where two controls are answered in time, and the thought beside them never
    is (three times in all), the lateness is the reasoning's doing: T = 0 with the flag `thinking_rejected`.
When calls fail in a row
    The circuit opens: nobody asks but a probe. Thoughts wait for it up to the timeout, then are unavailable.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from typing import Any

from tenacity import AsyncRetrying, RetryError, retry_if_exception, stop_after_attempt, wait_random_exponential

from proctor.errors import ThinkingError, ThinkingRejected, ThinkingUnavailable
from proctor.settings import Settings
from proctor.thinking.batcher import Batcher
from proctor.thinking.circuit import Circuit
from proctor.thinking.normalize import Normalize, make_normalize, normalization, number
from proctor.thinking.providers import make_provider
from proctor.thinking.types import Marked, NoAnswerInTime, NotAScore, Provider, Score, ThinkingFailed, Thought

ATTEMPTS = 3
#: Of a thought whose call was late, alone, each after a control.
ALONE = 2
REJECTED = "thinking_rejected"
CONTROL = Thought("Write a function that adds two numbers.", "The sum of a and b is a + b, so the function returns it.")
_CACHED_MOST = 50_000
_OPEN = "the thinking model is down: its circuit is open"


class Scorer:
    """Scores thoughts through one provider; belongs to one event loop."""

    def __init__(
        self,
        provider: Provider,
        normalize: Normalize,
        *,
        about: dict[str, Any],
        batch: int = 32,
        window_s: float = 0.005,
        calls: int = 8,
        timeout_s: float = 60.0,
        circuit_most: int = 5,
        circuit_pause_s: float = 1.0,
    ) -> None:
        self._provider = provider
        self._normalize = normalize
        self._about = about
        self._timeout_s = timeout_s
        size = batch if provider.most is None else min(batch, provider.most)
        at_a_time = asyncio.Semaphore(calls)
        self._batcher: Batcher[Thought, Score] = Batcher(self._call, size=size, window_s=window_s, calls=at_a_time)
        self._alone: Batcher[Thought, Score] = Batcher(self._call_alone, size=1, window_s=0, calls=at_a_time)
        self._circuit = Circuit(self._control_passes, most=circuit_most, pause_s=circuit_pause_s)
        self._cache: OrderedDict[bytes, Score] = OrderedDict()
        self._on_their_way: dict[bytes, asyncio.Task[Score]] = {}

    async def score(self, thought: Thought) -> Score:
        """T of one thought. Raises ThinkingUnavailable."""
        if not thought.reasoning.strip():
            return Score(0.0)
        key = _key(self._about.get("model"), thought)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        task = self._on_their_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(key, thought))
            self._on_their_way[key] = task
            task.add_done_callback(lambda done: self._arrived(key, done))
        return await asyncio.shield(task)

    def available(self) -> bool:
        """Whether the model answers, as far as is known: new batches wait while it does not."""
        return self._circuit.state == "closed"

    def describe(self) -> dict[str, Any]:
        """What `/v1/info` says: provider, model, server, normalisation, template, availability. No secret."""
        return {**self._about, "available": self.available()}

    async def close(self) -> None:
        """End calls and close connections."""
        await self._circuit.close()
        await self._batcher.close()
        await self._alone.close()
        tasks = list(self._on_their_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._provider.close()

    async def _ask(self, key: bytes, thought: Thought) -> Score:
        if not await self._circuit.closed(self._timeout_s):
            raise ThinkingUnavailable(_OPEN)
        try:
            score = await self._batcher.ask(thought)
        except NoAnswerInTime:
            score = await self._alone.ask(thought)
        if REJECTED not in score.flags:
            self._cache[key] = score
            if len(self._cache) > _CACHED_MOST:
                self._cache.popitem(last=False)
        return score

    def _arrived(self, key: bytes, task: asyncio.Task[Score]) -> None:
        self._on_their_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, also where every caller has gone

    async def _call(self, thoughts: list[Thought]) -> list[Score | Exception]:
        """A score or an error for each thought; the circuit learns whether the model answered.

        A call that waited for its turn while the circuit opened waits for the probe like everybody.
        """
        if not await self._circuit.still_closed(self._timeout_s):
            return [ThinkingUnavailable(_OPEN) for _ in thoughts]
        scores = await self._scores(thoughts)
        if any(isinstance(score, Score | NotAScore) for score in scores):
            self._circuit.succeeded()
        elif not all(isinstance(score, NoAnswerInTime) for score in scores):
            self._circuit.failed()
        return scores

    async def _call_alone(self, thoughts: list[Thought]) -> list[Score | Exception]:
        """As `_call`, for one thought whose call was late: whether by its own doing, controls tell."""
        (thought,) = thoughts
        if not await self._circuit.still_closed(self._timeout_s):
            return [ThinkingUnavailable(_OPEN)]
        for _ in range(ALONE):
            if not await self._control_passes(_as_long(thought), ATTEMPTS - 1):
                self._circuit.failed()
                return [ThinkingUnavailable(f"no answer within {self._timeout_s:g} s, nor to a control as long")]
            self._circuit.succeeded()
            (score,) = await self._scores(thoughts)
            if not isinstance(score, NoAnswerInTime):
                return [score]
        return [Score(0.0, (REJECTED,))]

    async def _scores(self, thoughts: list[Thought]) -> list[Score | Exception]:
        try:
            return list(await self._retried(thoughts))
        except (ThinkingRejected, ThinkingFailed) as error:
            if not await self._control_passes():
                down = ThinkingUnavailable(f"the thinking model fails on a control too: {error}")
                return [down for _ in thoughts]
            if len(thoughts) == 1:
                return [error if isinstance(error, NotAScore) else Score(0.0, (REJECTED,))]
            half = len(thoughts) // 2
            return [*await self._scores(thoughts[:half]), *await self._scores(thoughts[half:])]
        except ThinkingUnavailable as error:  # late ones are for `_call_alone`
            return [error for _ in thoughts]

    async def _retried(self, thoughts: list[Thought]) -> list[Score]:
        """Scores of one call, tried again with jitter where it was not refused or late, while the circuit is closed."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            retry=retry_if_exception(self._may_pass),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._once(thoughts)
        except RetryError as error:
            raise ThinkingUnavailable(str(error)) from error
        raise ThinkingUnavailable("no attempt was made")

    def _may_pass(self, error: BaseException) -> bool:
        return isinstance(error, ThinkingUnavailable) and not isinstance(error, NoAnswerInTime) and self.available()

    async def _once(self, thoughts: list[Thought]) -> list[Score]:
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._provider.score(thoughts)
        except TimeoutError:
            raise NoAnswerInTime(f"no answer within {self._timeout_s:g} s") from None
        except ThinkingError:
            raise
        except Exception as error:  # what a provider did not foresee: never the end of a probe, nor a 500 of ours
            raise ThinkingFailed(f"{type(error).__name__}: {error}") from error
        if len(raw) != len(thoughts):
            raise ThinkingUnavailable(f"{len(raw)} scores for {len(thoughts)} inputs")
        return [Score(self._normalize(value), value.flags if isinstance(value, Marked) else ()) for value in raw]

    async def _control_passes(self, control: Thought = CONTROL, attempts: int = 1) -> bool:
        for _ in range(attempts):
            try:
                await self._once([control])
            except NoAnswerInTime:
                continue
            except (ThinkingUnavailable, ThinkingRejected):
                return False
            return True
        return False


def make_scorer(settings: Settings, *, raw: bool = False) -> Scorer | None:
    """The scorer that the settings ask for; None where the provider is `none`. Raises ConfigurationError.

    raw: scores as the model gives them, for its evaluation and calibration; never for rewards. No connection is made
    before the first thought.
    """
    if settings.thinking_provider == "none":
        return None
    provider, server = make_provider(settings)
    name = settings.thinking_normalize or provider.normalize
    how = {"normalize": "none"} if raw else normalization(name, settings.thinking_calibration, settings.thinking_model)
    return Scorer(
        provider,
        number if raw else make_normalize(name, settings.thinking_calibration),
        about={
            "provider": settings.thinking_provider,
            "model": settings.thinking_model,
            "url": server,
            "asks": provider.asks,
            **how,
            "template": settings.thinking_template,
        },
        batch=settings.thinking_batch,
        window_s=settings.thinking_window_ms / 1000,
        calls=settings.thinking_concurrency,
        timeout_s=settings.thinking_timeout_s,
    )


def _as_long(thought: Thought) -> Thought:
    """The same problem with harmless reasoning of as many bytes, which no cache of prefixes knows."""
    size = len(thought.reasoning.encode("utf-8", "surrogatepass"))
    lines = f"Case {secrets.token_hex(8)}. " + CONTROL.reasoning + "\n"
    return Thought(thought.problem, (lines * (size // len(lines) + 1))[: max(size, len(CONTROL.reasoning))])


def _key(model: str | None, thought: Thought) -> bytes:
    """The cache's key: a hash of model, problem and reasoning, each with its length before it."""
    digest = hashlib.sha256()
    for text in (model or "", thought.problem, thought.reasoning):
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()
