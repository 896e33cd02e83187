"""A service that fails on cue, behind the clients' interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proctor.client import ConnectionFailed, Scores
from proctor.client.scores import summarize
from proctor.client.testing import result
from proctor.wire import InvalidCode, InvalidError, Sample, SampleResult

TESTS = {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "4\n"}]}


def invalid(index: int, code: InvalidCode) -> SampleResult:
    error = InvalidError(code=code, message="as the test asked")
    return result(index, {}, "invalid").model_copy(update={"error": error})


class Flaky:
    """Judges by the completion: "good", "bad", or a word of `script`, whose entries are used up one a call.

    script: per call "down" (no service), an InvalidCode (all samples), or "up".
    """

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.calls: list[list[Sample]] = []
        self.options: list[dict[str, Any]] = []

    def score(self, samples: Sequence[Sample], **options: Any) -> Scores:
        self.calls.append(list(samples))
        self.options.append(options)
        step = self.script.pop(0) if self.script else "up"
        if step == "down":
            raise ConnectionFailed("nobody answers")
        if step != "up":
            results = [invalid(i, InvalidCode(step)) for i in range(len(samples))]
        else:
            results = [self._judge(i, s) for i, s in enumerate(samples)]
        return Scores(results=results, summary=summarize(results, 0.001))

    def _judge(self, index: int, sample: Sample) -> SampleResult:
        if "lost" in sample.completion:
            return invalid(index, InvalidCode.SANDBOX_UNAVAILABLE)
        return result(index, {}, "passed" if "good" in sample.completion else "wrong_answer", thinking=0.5)


class AsyncFlaky(Flaky):
    async def score(self, samples: Sequence[Sample], **options: Any) -> Scores:  # type: ignore[override]
        return super().score(samples, **options)
