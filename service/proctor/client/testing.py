"""A double of the clients for tests of code that uses them: no service, no network, and the same results.

client = FakeRewardClient(lambda sample: "passed" if "return" in sample["completion"] else "wrong_answer")
client.score([{"completion": "def f(): return 1", "tests": "any"}]).rewards  # [1.0]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proctor.client.aio import OnResult
from proctor.client.request import SampleLike, TestsLike, plain
from proctor.client.scores import Scores, summarize
from proctor.wire import (
    Components,
    InvalidCode,
    InvalidError,
    SampleResult,
    TestsResult,
    Timing,
    Verdict,
)

Judge = Callable[[Mapping[str, Any]], str]


def result(index: int, sample: Mapping[str, Any], verdict: str, *, thinking: float | None = None) -> SampleResult:
    """The result of one sample under p-grpo with all weights 1 and no format: O + 1[O = 1]·T."""
    what = Verdict(verdict)
    invalid = what is Verdict.INVALID
    outcome = None if invalid else float(what is Verdict.PASSED)
    term = thinking if outcome else None
    return SampleResult(
        index=index,
        id=sample.get("id"),
        group=sample.get("group"),
        verdict=what,
        reward=None if outcome is None else outcome + (term or 0.0),
        components=Components(format=None, outcome=outcome, thinking=term, gate=outcome),
        tests=TestsResult(passed=int(what is Verdict.PASSED), total=1, cases=[]),
        timing=Timing(),
        error=InvalidError(code=InvalidCode.SANDBOX_UNAVAILABLE, message="as the test asked") if invalid else None,
    )


class FakeRewardClient:
    """Stands in for `RewardClient`. judge: the verdict of a sample. calls: the samples of each call, for assertions."""

    def __init__(self, judge: Judge = lambda sample: "passed", *, thinking: float | None = None) -> None:
        self._judge = judge
        self._thinking = thinking
        self.calls: list[list[Mapping[str, Any]]] = []

    def score(
        self,
        samples: Sequence[SampleLike],
        *,
        tests: Mapping[str, TestsLike] | None = None,
        on_result: OnResult | None = None,
        timeout_s: float | None = None,
        **options: Any,
    ) -> Scores:
        """Scores by the judge. Raises ValueError for no samples, as the client does."""
        if not samples:
            raise ValueError("no samples")
        given: list[Mapping[str, Any]] = [plain(s) for s in samples]
        self.calls.append(given)
        results = [result(i, s, self._judge(s), thinking=self._thinking) for i, s in enumerate(given)]
        if on_result:
            for i, r in enumerate(results):
                on_result(i, r)
        return Scores(results=results, summary=summarize(results, 0.001))

    def close(self) -> None:
        """Nothing to close."""


class AsyncFakeRewardClient(FakeRewardClient):
    """Stands in for `AsyncRewardClient`."""

    async def score(self, *args: Any, **kwargs: Any) -> Scores:  # type: ignore[override]
        """As of FakeRewardClient."""
        return super().score(*args, **kwargs)

    async def aclose(self) -> None:
        """Nothing to close."""
