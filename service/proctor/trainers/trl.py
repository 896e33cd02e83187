"""TRL (1.16), and unsloth, which is TRL: `GRPOTrainer(reward_funcs=[ProctorReward(url)], …)`.

TRL calls `f(prompts=, completions=, completion_ids=, **columns, trainer_state=, log_extra=, log_metric=)` with lists as
long as the batch; completions are texts or message lists. A row for which every reward function returned None is
left out of its group's baseline and moves nothing, so `on_invalid` is "none" by default. Beside another function
a None counts as 0: wrap the others with `beside`. The experimental async trainer passes columns alone.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable, Sequence
from typing import Any, Unpack

from proctor.trainers.scoring import Options, Scoring
from proctor.trainers.tally import OnInvalid, Scored
from proctor.wire import Sample

RewardFunction = Callable[..., Any]


class _TRLReward:
    """What both kinds share: samples from TRL's lists, metrics, and a memory of the last batch."""

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:8000",
        *,
        name: str = "proctor",
        on_invalid: OnInvalid = "none",
        **options: Unpack[Options],
    ) -> None:
        """name: in TRL's metrics. Otherwise see `Options`."""
        self.__name__ = name
        self.scoring = Scoring(url, on_invalid=on_invalid, none_masks=True, **options)

    def _samples(
        self, prompts: Sequence[Any] | None, completions: Sequence[Any], columns: dict[str, Any]
    ) -> list[Sample]:
        count = len(completions)
        rows = _rows(columns, count)
        asked = prompts if prompts is not None else [None] * count
        return [self.scoring.sample(c, p, r) for c, p, r in zip(completions, asked, rows, strict=True)]

    def _log(self, scored: list[Scored], log_extra: Any, log_metric: Any) -> None:
        """The terms, through TRL's own logging where it is offered."""
        terms = [self.scoring.terms(s) for s in scored]
        told = [t for t in terms if not t["invalid"]]
        if callable(log_metric):
            log_metric(f"{self.__name__}/invalid", sum(t["invalid"] for t in terms) / len(terms))
            for name in terms[0]:
                if told and name != "invalid":
                    log_metric(f"{self.__name__}/{name}", sum(t[name] for t in told) / len(told))
        if callable(log_extra):
            log_extra(f"{self.__name__}/verdict", [s.result.verdict.value if s.result else "invalid" for s in scored])


class ProctorReward(_TRLReward):
    """A reward function for TRL that blocks. Safe to pickle.

    reward = ProctorReward("http://127.0.0.1:8000", tests="tests")
    GRPOTrainer(model, reward_funcs=[reward, reward.beside(brevity)], …)
    """

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:8000",
        *,
        name: str = "proctor",
        on_invalid: OnInvalid = "none",
        **options: Unpack[Options],
    ) -> None:
        """See `_TRLReward`."""
        super().__init__(url, name=name, on_invalid=on_invalid, **options)
        self._last = _Last()

    def __call__(
        self,
        prompts: Sequence[Any] | None = None,
        completions: Sequence[Any] = (),
        completion_ids: Any = None,
        trainer_state: Any = None,
        log_extra: Any = None,
        log_metric: Any = None,
        environments: Any = None,
        **columns: Any,
    ) -> list[float | None]:
        """One reward per completion, same order; None where it cannot be scored. Raises Unscorable, ClientError."""
        scored = self._last.of(completions, lambda: self._score(prompts, completions, trainer_state, columns))
        if scored:
            self._log(scored, log_extra, log_metric)
        return [s.reward for s in scored]

    def beside(self, function: RewardFunction) -> RewardFunction:
        """`function`, but None where this one is None: so that TRL leaves the row out. May stand before or after it."""
        if _is_async(function):

            @functools.wraps(function, updated=())
            async def masked(*args: Any, **kwargs: Any) -> list[float | None]:
                mine = await asyncio.to_thread(self._again, kwargs)
                return _mask(await function(*args, **kwargs), mine)

            return _named(masked, function)

        @functools.wraps(function, updated=())
        def masked_sync(*args: Any, **kwargs: Any) -> list[float | None]:
            return _mask(function(*args, **kwargs), self._again(kwargs))

        return _named(masked_sync, function)

    def _again(self, kwargs: dict[str, Any]) -> list[float | None]:
        """This function's rewards for the batch that another one was called with; scored once for both."""
        quiet = {k: v for k, v in kwargs.items() if k not in ("log_extra", "log_metric")}
        return self(**quiet)

    def _score(
        self, prompts: Sequence[Any] | None, completions: Sequence[Any], state: Any, columns: dict[str, Any]
    ) -> list[Scored]:
        return (
            self.scoring.score(self._samples(prompts, completions, columns), step=_step(state)) if completions else []
        )


class AsyncProctorReward(_TRLReward):
    """A reward function for TRL that is awaited, together with the other asynchronous ones. Safe to pickle."""

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:8000",
        *,
        name: str = "proctor",
        on_invalid: OnInvalid = "none",
        **options: Unpack[Options],
    ) -> None:
        """See `_TRLReward`."""
        super().__init__(url, name=name, on_invalid=on_invalid, **options)
        self._task: asyncio.Task[list[Scored]] | None = None
        self._completions: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_task": None, "_completions": None}

    async def __call__(
        self,
        prompts: Sequence[Any] | None = None,
        completions: Sequence[Any] = (),
        completion_ids: Any = None,
        trainer_state: Any = None,
        log_extra: Any = None,
        log_metric: Any = None,
        environments: Any = None,
        **columns: Any,
    ) -> list[float | None]:
        """As of ProctorReward."""
        scored = await self._scored(prompts, completions, trainer_state, columns)
        if scored:
            self._log(scored, log_extra, log_metric)
        return [s.reward for s in scored]

    def beside(self, function: RewardFunction) -> RewardFunction:
        """As of ProctorReward; the wrapped function is asynchronous."""

        @functools.wraps(function, updated=())
        async def masked(*args: Any, **kwargs: Any) -> list[float | None]:
            quiet = {k: v for k, v in kwargs.items() if k not in ("log_extra", "log_metric")}
            theirs = function(*args, **kwargs)
            mine = await self(**quiet)
            return _mask(await theirs if inspect.isawaitable(theirs) else theirs, mine)

        return _named(masked, function)

    async def _scored(
        self, prompts: Sequence[Any] | None, completions: Sequence[Any], state: Any, columns: dict[str, Any]
    ) -> list[Scored]:
        if not completions:
            return []
        if self._completions is not completions or self._task is None:
            samples = self._samples(prompts, completions, columns)
            self._completions = completions
            self._task = asyncio.ensure_future(self.scoring.ascore(samples, step=_step(state)))
        return await self._task


class _Last:
    """The scores of the last batch: TRL hands the same list to every function of a step. Thread-safe."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._completions: Any = None
        self._scored: list[Scored] = []

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._begin()

    def of(self, completions: Any, score: Callable[[], list[Scored]]) -> list[Scored]:
        """The scores of `completions`, by `score` where they are not the last ones."""
        with self._lock:
            if self._completions is not completions:
                self._scored, self._completions = score(), completions
            return self._scored


def _rows(columns: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """One row per completion, of the columns that are as long as the batch."""
    lists = {k: v for k, v in columns.items() if isinstance(v, list | tuple) and len(v) == count}
    return [{k: v[i] for k, v in lists.items()} for i in range(count)]


def _mask(theirs: Sequence[float | None], mine: Sequence[float | None]) -> list[float | None]:
    return [t if m is not None else None for t, m in zip(theirs, mine, strict=True)]


def _is_async(function: RewardFunction) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _named(wrapper: RewardFunction, function: RewardFunction) -> RewardFunction:
    wrapper.__name__ = getattr(function, "__name__", type(function).__name__)
    return wrapper


def _step(state: Any) -> int | None:
    step = getattr(state, "global_step", None)
    return step if isinstance(step, int) else None
