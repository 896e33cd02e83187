"""What holds of every reward: bounded, monotone, deaf to T behind a shut gate, order kept."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from proctor.rewards import Reward, asks_thinking, compose, soft_gate
from proctor.wire import RewardSpec, Weights

POLICIES = st.sampled_from(["p-grpo", "outcome", "pass-rate", "ungated", "soft-gate"])
UNIT = st.floats(0, 1)
BINARY = st.sampled_from([0.0, 1.0])
WEIGHT = st.floats(0, 1e6)
WEIGHTS = st.builds(Weights, format=WEIGHT, outcome=WEIGHT, thinking=WEIGHT)


def made(policy: str, weights: Weights, f: float, o: float, t: float | None, gamma: float = 1.0) -> Reward:
    spec = RewardSpec.model_validate({"policy": policy, "weights": weights, "format": "think"})
    return compose(spec, format=f, outcome=o, thinking=t, gamma=gamma if policy == "soft-gate" else None)


@given(POLICIES, WEIGHTS, BINARY, BINARY, st.none() | UNIT, UNIT)
def test_bounded_by_the_sum_of_the_weights(
    policy: str, weights: Weights, f: float, o: float, t: float | None, gamma: float
) -> None:
    reward = made(policy, weights, f, o, t, gamma).reward
    assert math.isfinite(reward)
    assert 0 <= reward <= (weights.format + weights.outcome + weights.thinking) * (1 + 1e-12)


@given(POLICIES, WEIGHTS, BINARY, BINARY, UNIT, UNIT)
def test_monotone_in_thinking(policy: str, weights: Weights, f: float, o: float, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert made(policy, weights, f, o, low).reward <= made(policy, weights, f, o, high).reward


@given(POLICIES, WEIGHTS, BINARY, st.none() | UNIT)
def test_passing_never_earns_less(policy: str, weights: Weights, f: float, t: float | None) -> None:
    assert made(policy, weights, f, 0.0, t).reward <= made(policy, weights, f, 1.0, t).reward


@given(WEIGHTS, BINARY, st.floats(0, 1), st.floats(0, 1))
def test_pass_rate_is_monotone_in_the_share(weights: Weights, f: float, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert made("pass-rate", weights, f, low, 0.5).reward <= made("pass-rate", weights, f, high, 0.5).reward


@given(st.sampled_from(["p-grpo", "pass-rate"]), WEIGHTS, BINARY, st.floats(0, 1, exclude_max=True), UNIT)
def test_behind_a_shut_gate_thinking_has_no_say(policy: str, weights: Weights, f: float, o: float, t: float) -> None:
    """And is not asked: no reasoning, however good it looks, pays for code that fails."""
    o = o if policy == "pass-rate" else 0.0
    shut = made(policy, weights, f, o, t)
    assert shut.reward == made(policy, weights, f, o, None).reward
    assert shut.components.gate == 0.0
    assert not asks_thinking(RewardSpec.model_validate({"policy": policy}), o)


@given(WEIGHTS, st.lists(st.tuples(BINARY, BINARY, UNIT), min_size=2, max_size=8))
def test_p_grpo_keeps_the_order_of_the_passing_and_puts_no_failing_one_above(
    weights: Weights, samples: list[tuple[float, float, float]]
) -> None:
    rewards = [made("p-grpo", weights, 1.0, o, t if o else None).reward for _, o, t in samples]
    for (_, o1, t1), r1 in zip(samples, rewards, strict=True):
        for (_, o2, t2), r2 in zip(samples, rewards, strict=True):
            if o1 == o2 == 1.0 and t1 <= t2:
                assert r1 <= r2
            if o1 < o2:
                assert r1 <= r2


@given(POLICIES, WEIGHTS, BINARY, BINARY, UNIT, UNIT)
def test_a_reward_depends_on_its_own_terms_alone(
    policy: str, weights: Weights, f: float, o: float, t: float, gamma: float
) -> None:
    assert made(policy, weights, f, o, t, gamma) == made(policy, weights, f, o, t, gamma)


@given(st.lists(UNIT), st.lists(UNIT))
def test_gamma_is_a_share_and_is_1_unless_the_failing_look_better(passing: list[float], failing: list[float]) -> None:
    gamma = soft_gate(passing, failing)
    assert math.exp(-1) <= gamma <= 1.0
    if not passing or not failing or math.fsum(passing) / len(passing) >= math.fsum(failing) / len(failing):
        assert gamma == 1.0


@given(st.lists(UNIT, min_size=1), st.lists(UNIT, min_size=1))
def test_gamma_does_not_depend_on_order(passing: list[float], failing: list[float]) -> None:
    assert soft_gate(passing, failing) == soft_gate(passing[::-1], failing[::-1])
