"""What scoring yields, put together from one or several batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proctor.wire import Provenance, SampleResult, Summary, Verdict


@dataclass(frozen=True)
class Scores:
    """results: one per sample, same order. ids: of the batches. provenance: of the first of them."""

    results: list[SampleResult]
    summary: Summary
    ids: tuple[str, ...] = ()
    provenance: Provenance | None = None

    @property
    def rewards(self) -> list[float | None]:
        """One reward per sample, same order; None where the sample could not be judged, which is not 0."""
        return [r.reward for r in self.results]


def summarize(results: Sequence[SampleResult], wall_s: float) -> Summary:
    """The results in numbers, as the service counts one batch."""
    invalid = sum(r.verdict is Verdict.INVALID for r in results)
    passed = sum(r.verdict is Verdict.PASSED for r in results)
    groups: dict[str, list[float | None]] = defaultdict(list)
    for r in results:
        if r.group is not None:
            groups[r.group].append(r.reward)
    judged = [r for r in results if r.verdict is not Verdict.INVALID]
    gate_open = sum(bool(r.components.gate) for r in results)
    flat = sum(len(g) > 1 and None not in g and len(set(g)) == 1 for g in groups.values())
    return Summary(
        samples=len(results),
        passed=passed,
        failed=len(results) - passed - invalid,
        invalid=invalid,
        gate_open=gate_open,
        zero_variance_groups=flat,
        wall_s=wall_s,
        samples_per_s=len(results) / wall_s if wall_s > 0 else 0.0,
        invalid_rate=invalid / len(results) if results else None,
        gate_open_share=gate_open / len(judged) if judged else None,
        thinking_mean_passed=_mean_thinking(r for r in judged if r.verdict is Verdict.PASSED),
        thinking_mean_failed=_mean_thinking(r for r in judged if r.verdict is not Verdict.PASSED),
    )


def _mean_thinking(results: Iterable[SampleResult]) -> float | None:
    scores = [r.components.thinking for r in results if r.components.thinking is not None]
    return sum(scores) / len(scores) if scores else None
