"""A sample's result, composed from what is known of it. Pure; no Redis, no HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from proctor.jobs.records import Account, BatchInfo, Waiting, dumps, dumps_finite, read_waiting, write_waiting_again
from proctor.judge.outcome import Outcome
from proctor.rewards import Reward, compose, outcome_value, soft_gate
from proctor.wire import InvalidCode, InvalidError, RewardSpec, Verdict

_CASE_FIELDS: dict[str, Any] = dict.fromkeys(("cpu_s", "wall_s", "memory_mib", "detail", "stdout", "stderr"))


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the thinking model said. value: T, None where it was not asked or failed; failed: it was down."""

    value: float | None = None
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A sample of which all is known but γ. started_s: Redis's clock, None where nothing ran."""

    sample: Waiting
    outcome: Outcome
    started_s: float | None
    thinking: Thinking = field(default_factory=Thinking)

    def to_text(self) -> str:
        """JSON, for keeping until the group is whole."""
        t = self.thinking
        known = [self.outcome.to_json(), self.started_s, [t.value, t.flags, t.seconds, t.failed]]
        return dumps([self.sample.index, write_waiting_again(self.sample), *known])

    @classmethod
    def from_text(cls, text: bytes) -> Finished:
        """The inverse of `to_text`."""
        index, sample, outcome, started_s, (value, flags, seconds, failed) = json.loads(text)
        thinking = Thinking(value, tuple(flags), seconds, failed)
        return cls(read_waiting(index, sample), Outcome.from_json(outcome), started_s, thinking)


def open_outcome(spec: RewardSpec, outcome: Outcome) -> float | None:
    """O; None where the outcome is invalid."""
    if outcome.verdict is Verdict.INVALID:
        return None
    return outcome_value(spec, outcome.verdict, outcome.passed, len(outcome.cases))


def gamma_of(spec: RewardSpec, group: Sequence[Finished]) -> float | None:
    """γ of a whole soft-gate group, from its samples that have O and T; None where none has."""
    sides: dict[bool, list[float]] = {True: [], False: []}
    for member in group:
        o, t = open_outcome(spec, member.outcome), member.thinking.value
        if o is not None and t is not None:
            sides[o == 1.0].append(t)
    return soft_gate(sides[True], sides[False]) if sides[True] or sides[False] else None


def result(info: BatchInfo, done: Finished, now_s: float, gamma: float | None = None) -> tuple[Account, str]:
    """A sample's line of account and its result, JSON in ASCII. now_s: Redis's clock."""
    sample, outcome, thinking = done.sample, done.outcome, done.thinking
    error = outcome.error
    reward: Reward | None = None
    bare: float | None = None
    if error is None and thinking.failed is not None and info.reward.on_thinking_error == "invalid":
        error = InvalidError(code=InvalidCode.THINKING_UNAVAILABLE, message=thinking.failed)
    if error is None:
        o = open_outcome(info.reward, outcome)
        reward = compose(info.reward, format=sample.format, outcome=o, thinking=thinking.value, gamma=gamma)
        asks = thinking.value is not None or gamma is not None
        bare = compose(info.reward, format=sample.format, outcome=o, thinking=None).reward if asks else reward.reward
    verdict = Verdict.INVALID if error else outcome.verdict
    gate_open = reward is not None and bool(reward.components.gate)
    kind = "i" if error else "p" if verdict is Verdict.PASSED else "f"
    asked = reward.components.thinking if reward else None
    account = Account(kind, gate_open, sample.ordinal, reward.reward if reward else None, asked, bare)
    unasked = {"format": sample.format, "outcome": None, "thinking": None, "gate": None}
    data = {
        "index": sample.index,
        "id": sample.id,
        "group": sample.group,
        "verdict": verdict.value,
        "reward": reward.reward if reward else None,
        "components": vars(reward.components) if reward else unasked,
        "tests": {"passed": outcome.passed, "total": len(outcome.cases), "cases": _cases(outcome)},
        "timing": _timing(info, done, now_s),
        "flags": sorted({*sample.flags, *outcome.flags, *thinking.flags, *_failure_flag(thinking)}),
        "error": {"code": error.code.value, "message": error.message} if error else None,
    }
    return account, dumps_finite(data)


def _failure_flag(thinking: Thinking) -> tuple[str, ...]:
    return ("thinking_unavailable",) if thinking.failed else ()


def _cases(outcome: Outcome) -> list[dict[str, Any]]:
    return [{"verdict": c.verdict.value, **{name: getattr(c, name) for name in _CASE_FIELDS}} for c in outcome.cases]


def _timing(info: BatchInfo, done: Finished, now_s: float) -> dict[str, float]:
    queue_s = (done.started_s if done.started_s is not None else now_s) - info.created_s
    seconds = {
        "queue_s": queue_s,
        "run_s": done.outcome.run_s,
        "cpu_s": done.outcome.cpu_s,
        "thinking_s": done.thinking.seconds,
        "total_s": now_s - info.created_s,
    }
    return {name: round(max(0.0, value), 6) for name, value in seconds.items()}


def given_up(code: InvalidCode, message: str) -> Outcome:
    """The outcome of a sample that is ended without one."""
    return Outcome(verdict=Verdict.INVALID, error=InvalidError(code=code, message=message))
