"""The equations of api.md section 5, number by number."""

from __future__ import annotations

import math

import pytest

from proctor.rewards import asks_thinking, compose, outcome_value, soft_gate
from proctor.wire import RewardSpec, Verdict, Weights

THINK = "think-answer"


def spec(policy: str, **fields: object) -> RewardSpec:
    return RewardSpec.model_validate({"policy": policy, "format": THINK, **fields})


@pytest.mark.parametrize(
    ("policy", "f", "o", "t", "gamma", "reward", "gate"),
    [
        ("p-grpo", 1.0, 1.0, 0.71, None, 2.71, 1.0),
        ("p-grpo", 1.0, 0.0, None, None, 1.0, 0.0),
        ("p-grpo", 0.0, 1.0, 0.25, None, 1.25, 1.0),
        ("p-grpo", 1.0, 1.0, None, None, 2.0, 1.0),  # no model attached
        ("outcome", 1.0, 1.0, None, None, 2.0, None),
        ("outcome", 1.0, 1.0, 0.9, None, 2.0, None),
        ("pass-rate", 1.0, 0.5, None, None, 1.5, 0.0),
        ("pass-rate", 1.0, 0.5, 1.0, None, 1.5, 0.0),
        ("pass-rate", 1.0, 1.0, 0.5, None, 2.5, 1.0),
        ("ungated", 1.0, 0.0, 0.25, None, 1.25, 1.0),
        ("ungated", 1.0, 1.0, 0.25, None, 2.25, 1.0),
        ("soft-gate", 1.0, 0.0, 0.5, 0.5, 1.25, 0.5),
        ("soft-gate", 0.0, 1.0, 1.0, 1.0, 2.0, 1.0),
    ],
)
def test_equations(
    policy: str, f: float, o: float, t: float | None, gamma: float | None, reward: float, gate: float | None
) -> None:
    made = compose(spec(policy), format=f, outcome=o, thinking=t, gamma=gamma)
    assert made.reward == pytest.approx(reward)
    assert made.components.gate == gate
    assert (made.components.format, made.components.outcome, made.components.thinking) == (f, o, t)


def test_weights() -> None:
    weights = Weights(format=0.5, outcome=2, thinking=-1)
    made = compose(spec("p-grpo", weights=weights), format=1.0, outcome=1.0, thinking=0.25)
    assert made.reward == 0.5 + 2 - 0.25


def test_without_a_format_there_is_no_format_term() -> None:
    made = compose(RewardSpec(format="none"), format=None, outcome=1.0, thinking=None)
    assert made.reward == 1.0
    assert made.components.format is None


POLICIES = ["p-grpo", "outcome", "pass-rate", "ungated", "soft-gate"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -0.1, 1.1, "1", True, 10**400])
@pytest.mark.parametrize(
    ("policy", "term"), [*((p, t) for p in POLICIES for t in ("outcome", "thinking")), ("soft-gate", "gamma")]
)
def test_what_is_no_number_in_range_raises(policy: str, term: str, bad: object) -> None:
    terms = {"format": 1.0, "outcome": 1.0, "thinking": 0.5, "gamma": 1.0, term: bad}
    with pytest.raises(ValueError):
        compose(spec(policy), **terms)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "terms",
    [
        {"format": None, "outcome": 1.0, "thinking": None},
        {"format": 0.5, "outcome": 1.0, "thinking": None},
        {"format": math.nan, "outcome": 1.0, "thinking": None},
        {"format": 1.0, "outcome": None, "thinking": 0.5},
        {"format": 1.0, "outcome": 0.5, "thinking": None},
    ],
)
def test_a_reward_is_never_made_up(terms: dict[str, float | None]) -> None:
    with pytest.raises(ValueError):
        compose(spec("p-grpo"), **terms)  # type: ignore[arg-type]


def test_soft_gate_needs_gamma_where_there_is_a_score() -> None:
    with pytest.raises(ValueError):
        compose(spec("soft-gate"), format=1.0, outcome=1.0, thinking=0.5)
    assert compose(spec("soft-gate"), format=1.0, outcome=1.0, thinking=None).reward == 2.0


@pytest.mark.parametrize("huge", [{"format": 1e308, "outcome": 1e308}, {"outcome": -1e308, "thinking": 1e308}])
def test_weights_whose_sum_overflows_are_refused(huge: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Weights.model_validate(huge)


def test_a_reward_that_is_not_finite_is_none() -> None:
    huge = Weights.model_construct(format=1e308, outcome=1e308, thinking=0.0)  # past validation
    with pytest.raises(ValueError, match="finite"):
        compose(spec("p-grpo", weights=huge), format=1.0, outcome=1.0, thinking=None)


def test_gamma() -> None:
    assert soft_gate([0.5], [0.5]) == 1.0
    assert soft_gate([], [0.9]) == 1.0
    assert soft_gate([0.1], []) == 1.0
    assert soft_gate([0.2, 0.4], [0.9, 0.7]) == pytest.approx(math.exp(0.3 - 0.8))
    with pytest.raises(ValueError):
        soft_gate([math.nan], [0.5])


@pytest.mark.parametrize(
    ("policy", "asks_passed", "asks_failed"),
    [
        ("p-grpo", True, False),
        ("pass-rate", True, False),
        ("outcome", False, False),
        ("ungated", True, True),
        ("soft-gate", True, True),
    ],
)
def test_who_is_asked(policy: str, asks_passed: bool, asks_failed: bool) -> None:
    assert asks_thinking(spec(policy), 1.0) is asks_passed
    assert asks_thinking(spec(policy), 0.0) is asks_failed
    assert asks_thinking(spec(policy), 0.999) is asks_failed


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.PASSED, Verdict.INVALID, Verdict.NOT_RUN)])
def test_outcome_of_failures(verdict: Verdict) -> None:
    assert outcome_value(spec("p-grpo"), verdict, 3, 4) == 0.0
    assert outcome_value(spec("pass-rate"), verdict, 3, 4) == (0.0 if verdict is Verdict.TAMPERED else 0.75)
    assert outcome_value(spec("pass-rate"), verdict, 4, 4) == 0.0, "a sample that failed never earns O = 1"
    assert outcome_value(spec("pass-rate"), verdict, 0, 0) == 0.0


def test_outcome_of_a_pass_and_of_nothing() -> None:
    assert outcome_value(spec("p-grpo"), Verdict.PASSED, 4, 4) == 1.0
    for verdict in (Verdict.INVALID, Verdict.NOT_RUN):
        with pytest.raises(ValueError):
            outcome_value(spec("p-grpo"), verdict, 4, 4)
