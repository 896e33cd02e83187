"""The terms sum to the reward, whatever the policy."""

from __future__ import annotations

import pytest

from proctor.client.testing import result
from proctor.rewards import compose
from proctor.trainers.terms import NAMES, reward_terms, terms_of
from proctor.wire import RewardSpec, TestsResult, Verdict, Weights

WEIGHTS = Weights(format=0.3, outcome=1.7, thinking=0.9)


@pytest.mark.parametrize("policy", ["p-grpo", "outcome", "pass-rate", "ungated"])
@pytest.mark.parametrize("fmt", ["none", "think"])
@pytest.mark.parametrize(("outcome", "thinking"), [(1.0, 0.71), (1.0, None), (0.0, None), (0.0, 0.2)])
def test_terms_sum_to_the_reward(policy: str, fmt: str, outcome: float, thinking: float | None) -> None:
    spec = RewardSpec(policy=policy, format=fmt, weights=WEIGHTS)  # type: ignore[arg-type]
    if policy != "ungated" and outcome < 1:
        thinking = None
    reward = compose(spec, format=None if fmt == "none" else 1.0, outcome=outcome, thinking=thinking)
    one = result(0, {}, "passed").model_copy(update={"reward": reward.reward, "components": reward.components})
    assert sum(reward_terms(one, spec).values()) == pytest.approx(reward.reward, abs=1e-12)


def test_the_same_keys_for_every_sample() -> None:
    spec = RewardSpec()
    partly = TestsResult(passed=1, total=4, cases=[])
    failed = result(0, {}, "wrong_answer").model_copy(update={"tests": partly})
    every = [terms_of(r, spec) for r in (result(0, {}, "passed", thinking=0.5), failed, result(0, {}, "invalid"), None)]
    assert {tuple(t) for t in every} == {NAMES}
    assert every[0]["thinking_term"] == 0.5
    assert every[1]["tests_passed"] == 0.25
    assert every[2]["invalid"] == every[3]["invalid"] == 1.0


def test_an_invalid_sample_has_no_terms() -> None:
    with pytest.raises(ValueError, match="no terms"):
        reward_terms(result(0, {}, Verdict.INVALID), RewardSpec())
