"""What a reward is made of, as plain numbers for a trainer's logs. The same keys for every sample. Pure."""

from __future__ import annotations

from proctor.wire import RewardSpec, SampleResult, Verdict


def reward_terms(result: SampleResult, spec: RewardSpec) -> dict[str, float]:
    """The weighted terms; their sum, in this order, is the reward. A term that does not count is 0.0.

    Raises ValueError for a sample without a reward.
    """
    if result.reward is None:
        raise ValueError("a sample that could not be scored has no terms")
    parts, weights = result.components, spec.weights
    counts = parts.thinking is not None and parts.gate is not None
    return {
        "format_term": weights.format * parts.format if parts.format is not None else 0.0,
        "outcome_term": weights.outcome * parts.outcome if parts.outcome is not None else 0.0,
        "thinking_term": parts.gate * (weights.thinking * parts.thinking) if counts else 0.0,  # type: ignore[operator]
    }


def terms_of(result: SampleResult | None, spec: RewardSpec) -> dict[str, float]:
    """The terms, the share of tests passed, and whether the code passed, the gate opened, the sample was invalid.

    Of a sample that could not be scored every number but `invalid` is 0.0.
    """
    if result is None or result.reward is None:
        return dict.fromkeys(NAMES, 0.0) | {"invalid": 1.0}
    total = result.tests.total
    return reward_terms(result, spec) | {
        "passed": float(result.verdict is Verdict.PASSED),
        "tests_passed": result.tests.passed / total if total else 0.0,
        "gate": result.components.gate or 0.0,
        "invalid": 0.0,
    }


NAMES = ("format_term", "outcome_term", "thinking_term", "passed", "tests_passed", "gate", "invalid")
