"""What every adapter does: samples from what the trainer has, rewards from what the service says.

Where its tests are is said once: `tests` names the column (or is a function of the row), or `dataset` names the format
of the whole row. A row is what the trainer's data set has for one sample; what it holds beside is ignored.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypedDict, Unpack

from proctor.client import (
    AsyncRewardClient,
    ConnectionFailed,
    Overloaded,
    RewardClient,
    Scores,
    TimedOut,
    Unavailable,
    UnexpectedAnswer,
)
from proctor.client.retry import Retry
from proctor.trainers.tally import OnInvalid, Scored, Tally, checked
from proctor.trainers.terms import terms_of
from proctor.trainers.tests_field import as_tests, plain
from proctor.trainers.text import answer_of, problem_of
from proctor.trainers.together import Together
from proctor.wire import DatasetTests, LimitsOverride, RewardSpec, Sample, TestRef, Tests

Row = Mapping[str, Any]
TestsFrom = str | Callable[[Row], Any]

WAIT_S = 3600.0  # patience under "wait"
PATIENCE_S = 60.0  # under anything else
GRACE_S = 30.0
_FIELDS = ("id", "group", "prompt", "language", "limits", "reasoning", "reasoning_open", "finish_reason")
#: What may pass by itself: no answer, a full queue, no sandbox. Anything else is a mistake and is raised.
PASSING = (ConnectionFailed, TimedOut, Overloaded, Unavailable, UnexpectedAnswer)


class Options(TypedDict, total=False):
    """What every adapter takes.

    api_key: of the service. reward: a policy's name, or the `reward` of a request. limits, language: of all samples.
    tests: name of the column that holds them, or a function of the row; dataset: format of the row instead.
    columns: columns by field of a sample (id, group, prompt, language, limits, reasoning, reasoning_open,
    finish_reason).
    reasoning_open: the chat template ends prompts with `<think>` and the trainer does not show it.
    patience_s: how long outages are waited out, seconds. deadline_s: for one request. run: label, and fair share.
    client, async_client: instead of those made from the URL.
    """

    api_key: str | None
    reward: str | Mapping[str, Any] | RewardSpec | None
    limits: Mapping[str, Any] | LimitsOverride | None
    language: str
    tests: TestsFrom
    dataset: str | None
    columns: Mapping[str, str]
    reasoning_open: bool
    patience_s: float | None
    deadline_s: float
    run: str | None
    client: Any
    async_client: Any


class Blocking(Protocol):
    """The part of `RewardClient` that is needed."""

    def score(self, samples: Sequence[Sample], **options: Any) -> Scores:
        """See RewardClient."""


class Scoring:
    """Scores completions by one rule. Safe to pickle, to use after a fork, from threads and from any event loop."""

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:8000",
        *,
        on_invalid: OnInvalid = "wait",
        none_masks: bool = False,
        **options: Unpack[Options],
    ) -> None:
        """Raises ValueError, TypeError for options that mean nothing."""
        if unknown := options.keys() - Options.__annotations__.keys():
            raise TypeError(f"unknown options: {', '.join(sorted(unknown))}")
        self.url = url
        self.on_invalid = checked(on_invalid, none_masks=none_masks)
        self.spec = _spec(options.get("reward"))
        self._options = options
        self._columns = dict(options.get("columns") or {})
        if odd := self._columns.keys() - set(_FIELDS):
            raise ValueError(f"columns of unknown fields: {', '.join(sorted(odd))}; known are {', '.join(_FIELDS)}")
        patience = options.get("patience_s")
        self.patience_s = (WAIT_S if on_invalid == "wait" else PATIENCE_S) if patience is None else patience
        self.deadline_s = options.get("deadline_s", 300.0)
        self._begin()

    def _begin(self) -> None:
        self._blocking: Blocking | None = self._options.get("client")
        self._async: dict[asyncio.AbstractEventLoop, Together] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_blocking", "_async")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    # samples

    def sample(self, completion: Any, prompt: Any, row: Row) -> Sample:
        """The sample of a completion. Raises ValueError where the row does not hold what it should."""
        answer = answer_of(completion, prompt)
        own = {field: plain(row[column]) for field, column in self._columns.items() if _has(row, column)}
        return Sample.model_validate(
            {
                "prompt": problem_of(prompt),
                "completion": answer.completion,
                "reasoning": answer.reasoning,
                "reasoning_open": answer.reasoning is None
                and (answer.reasoning_open or self._options.get("reasoning_open", False)),
                "language": self._options.get("language", "python"),
                "group": group_of(prompt),
                "tests": self._tests(row),
                **{k: v for k, v in own.items() if v is not None},
            }
        )

    def _tests(self, row: Row) -> Tests | TestRef:
        if dataset := self._options.get("dataset"):
            return DatasetTests.model_validate({"kind": "dataset", "format": dataset, "row": plain(dict(row))})
        where = self._options.get("tests", "tests")
        if not isinstance(where, str):
            return as_tests(where(row))
        if not _has(row, where):
            raise ValueError(f"no column {where!r} holds tests; there are {', '.join(sorted(map(str, row)))}")
        try:
            return as_tests(row[where])
        except ValueError as error:
            raise ValueError(f"column {where!r}: {error}") from error

    # scores

    def score(self, samples: Sequence[Sample], *, step: int | None = None) -> list[Scored]:
        """One per sample, same order. Raises Unscorable, ClientError."""
        tally = Tally(len(samples), self.on_invalid, self.patience_s)
        while tally.open:
            time.sleep(tally.pause_s())
            try:
                tally.take(self._client().score([samples[i] for i in tally.open], **self._request(step)).results)
            except PASSING as error:
                tally.fail(error)
        return tally.scored()

    async def ascore(self, samples: Sequence[Sample], *, step: int | None = None) -> list[Scored]:
        """As `score`, without blocking the event loop."""
        tally = Tally(len(samples), self.on_invalid, self.patience_s)
        while tally.open:
            await asyncio.sleep(tally.pause_s())
            try:
                tally.take(await (await self._together()).score([samples[i] for i in tally.open], self._request(step)))
            except PASSING as error:
                tally.fail(error)
        return tally.scored()

    async def aclose(self) -> None:
        """Close what this event loop opened; the next call opens it again."""
        if (together := self._async.pop(asyncio.get_running_loop(), None)) is not None:
            await together.aclose()

    def terms(self, scored: Scored) -> dict[str, float]:
        """What the reward is made of; the same keys for every sample."""
        return terms_of(scored.result, self.spec)

    def _request(self, step: int | None) -> dict[str, Any]:
        options = {
            "reward": self.spec,
            "limits": self._options.get("limits"),
            "run": self._options.get("run"),
            "deadline_s": self.deadline_s,
            "step": step,
        }
        # The service ends a batch at its deadline; this is for one that does not say so.
        return {k: v for k, v in options.items() if v is not None} | {"timeout_s": self.deadline_s + self._retry_s()}

    def _retry_s(self) -> float:
        """How long one request tries, seconds: the tally waits out the rest."""
        return min(self.patience_s, PATIENCE_S) + GRACE_S

    def _client(self) -> Blocking:
        if self._blocking is None:
            self._blocking = RewardClient(self.url, **self._connection())
        return self._blocking

    async def _together(self) -> Together:
        """What the calls of this event loop share: connections belong to a loop, and end with it."""
        loop = asyncio.get_running_loop()
        if loop not in self._async:
            for ended in [other for other in self._async if other.is_closed()]:
                del self._async[ended]
            given = self._options.get("async_client")
            client = AsyncRewardClient(self.url, **self._connection()) if given is None else given
            self._async[loop] = Together(client)
            if given is None:
                await self._async[loop].end_with_loop()
        return self._async[loop]

    def _connection(self) -> dict[str, Any]:
        retry = Retry(patience_s=min(self.patience_s, PATIENCE_S))
        return {"api_key": self._options.get("api_key"), "retry": retry}


def _spec(reward: str | Mapping[str, Any] | RewardSpec | None) -> RewardSpec:
    if isinstance(reward, str):
        reward = {"policy": reward}
    spec = reward if isinstance(reward, RewardSpec) else RewardSpec.model_validate(reward or {})
    if spec.policy == "soft-gate":
        raise ValueError(
            "soft-gate needs whole groups in one request, which trainers split: score those with RewardClient"
        )
    return spec


def group_of(prompt: Any) -> str | None:
    """A name for the prompt that completions share; for the batch's summary, no reward depends on it."""
    if prompt is None:
        return None
    text = prompt if isinstance(prompt, str) else json.dumps(plain(prompt), default=str, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _has(row: Row, column: str) -> bool:
    return column in row and row[column] is not None
