"""The reward policies: format F ∈ {0, 1}, outcome O ∈ [0, 1], thinking score T ∈ [0, 1], weights w.

Sources: P-GRPO, "Posterior-GRPO: Rewarding Reasoning Processes in Code Generation" (arXiv 2508.05170), whose
equation is the default; SophiaVL-R1 (arXiv 2505.17018), whose trust weight is `soft-gate`.

Every function is pure. A missing term is None and is left out only where that is its meaning: F where no format
is asked, T where the thinking model was not asked. Anything else that is missing, not finite or out of range
raises ValueError: a reward is never made up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proctor.wire import Components, RewardSpec, Verdict


@dataclass(frozen=True, slots=True)
class Reward:
    """A finite reward, and the terms it is made of, before weighting."""

    reward: float
    components: Components


def outcome_value(spec: RewardSpec, verdict: Verdict, passed: int, total: int) -> float:
    """O of a judged sample: 1.0 if it passed, else 0.0; under `pass-rate` the share of cases passed.

    A sample that tampered earns 0 whatever it passed. Raises ValueError for `invalid`, which has no outcome.
    """
    if verdict is Verdict.INVALID or verdict is Verdict.NOT_RUN:
        raise ValueError(f"a sample that is {verdict.value} has no outcome")
    if verdict is Verdict.PASSED:
        return 1.0
    if spec.policy != "pass-rate" or verdict is Verdict.TAMPERED or passed >= total:
        return 0.0
    return passed / total


def asks_thinking(spec: RewardSpec, outcome: float) -> bool:
    """Whether T is needed: only where the gate is open; `ungated` and `soft-gate` need it for every sample."""
    _in_unit("outcome", outcome)
    if spec.policy == "outcome":
        return False
    return spec.policy in ("ungated", "soft-gate") or outcome == 1.0


def compose(
    spec: RewardSpec,
    *,
    format: float | None,
    outcome: float | None,
    thinking: float | None,
    gamma: float | None = None,
) -> Reward:
    """The reward of one sample under `spec.policy`.

    format: F, None exactly where `spec.format` is "none". outcome: O. thinking: T, or None where it was not
    asked or may be left out. gamma: γ of the sample's group (`soft_gate`), needed by soft-gate where T is there.
    Raises ValueError for a value that is missing, not finite or out of range.
    """
    if (format is None) != (spec.format == "none"):
        raise ValueError("F is there exactly where a format is asked")
    if format is not None and format not in (0.0, 1.0):
        raise ValueError(f"F must be 0 or 1, not {format!r}")
    o = _in_unit("outcome", outcome)
    if o != 1.0 and o != 0.0 and spec.policy != "pass-rate":
        raise ValueError(f"O must be 0 or 1 under {spec.policy}, not {outcome!r}")
    t = None if thinking is None else _in_unit("thinking", thinking)
    gate = _gate(spec, o, t, gamma)
    reward = _POLICIES[spec.policy](spec, format, o, t, gate)
    if not math.isfinite(reward):
        raise ValueError("the weights are too large: the reward is not finite")
    return Reward(reward, Components(format=format, outcome=o, thinking=t, gate=gate))


def p_grpo(spec: RewardSpec, f: float | None, o: float, t: float | None, gate: float | None) -> float:
    """R = w_f·F + w_o·O + 1[O = 1]·w_t·T (arXiv 2508.05170: the posterior gate).

    With O the share of cases passed this is `pass-rate`; its gate still opens only at O = 1.
    """
    return outcome_only(spec, f, o, t, gate) + (spec.weights.thinking * t if t is not None and gate else 0.0)


def outcome_only(spec: RewardSpec, f: float | None, o: float, t: float | None, gate: float | None) -> float:
    """R = w_f·F + w_o·O: the baseline of arXiv 2508.05170. T and the gate have no say."""
    return (spec.weights.format * f if f is not None else 0.0) + spec.weights.outcome * o


def ungated(spec: RewardSpec, f: float | None, o: float, t: float | None, gate: float | None) -> float:
    """R = w_f·F + w_o·O + w_t·T: the ablation of arXiv 2508.05170 that invites reward hacking; for comparison."""
    return outcome_only(spec, f, o, t, gate) + (spec.weights.thinking * t if t is not None else 0.0)


def soft_gated(spec: RewardSpec, f: float | None, o: float, t: float | None, gate: float | None) -> float:
    """R = w_f·F + w_o·O + γ·w_t·T (arXiv 2505.17018, with γ from `soft_gate`)."""
    return outcome_only(spec, f, o, t, gate) + ((gate or 0.0) * spec.weights.thinking * t if t is not None else 0.0)


def soft_gate(passing: Sequence[float], failing: Sequence[float]) -> float:
    """γ of a group, from the thinking scores of its passing and its failing samples.

    γ = 1 if mean(passing) ≥ mean(failing) or one side is empty, else exp(mean(passing) − mean(failing))
    (arXiv 2505.17018, the trust weight of Trust-GRPO). Raises ValueError for a score outside [0, 1].
    """
    for score in (*passing, *failing):
        _in_unit("thinking", score)
    if not passing or not failing:
        return 1.0
    difference = math.fsum(passing) / len(passing) - math.fsum(failing) / len(failing)
    return 1.0 if difference >= 0 else math.exp(difference)


_Policy = Callable[[RewardSpec, float | None, float, float | None, float | None], float]
_POLICIES: dict[str, _Policy] = {
    "p-grpo": p_grpo,
    "pass-rate": p_grpo,
    "outcome": outcome_only,
    "ungated": ungated,
    "soft-gate": soft_gated,
}


def _gate(spec: RewardSpec, o: float, t: float | None, gamma: float | None) -> float | None:
    """Factor of the thinking term: 1 open, 0 shut, γ for soft-gate; None where there is no such term."""
    if spec.policy == "outcome":
        return None
    if spec.policy == "ungated":
        return 1.0
    if spec.policy != "soft-gate":
        return 1.0 if o == 1.0 else 0.0
    if gamma is None:
        if t is not None:
            raise ValueError("soft-gate needs γ of the sample's group")
        return None
    return _in_unit("gamma", gamma)


def _in_unit(name: str, value: float | None) -> float:
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {value!r}, not a number")
    if not 0.0 <= value <= 1.0:  # also refuses NaN
        raise ValueError(f"{name} is {value!r}, outside [0, 1]")
    return float(value)
