"""Composing one result, and a batch's summary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proctor.finish.health import Trend
from proctor.finish.result import Finished, Thinking, gamma_of, given_up, result
from proctor.finish.summary import summarize
from proctor.jobs.records import Account, BatchInfo, Waiting
from proctor.judge.outcome import Outcome
from proctor.wire import CaseResult, InvalidCode, RewardSpec, SampleResult, Verdict


def info(**spec: Any) -> BatchInfo:
    return BatchInfo("b", "me", 1, 100.0, 200.0, RewardSpec(**spec), {}, (), ())


def waiting(**values: Any) -> Waiting:
    fields = {"index": 0, "id": "a", "group": "g", "ordinal": 0, "prompt": "p", "reasoning": "r", "format": None}
    fields |= {"flags": ("truncated",), "key": "k", "wall_s": 1.0, "known": None}
    return Waiting(**{**fields, **values})


def outcome(verdict: Verdict, passed: int = 1, total: int = 1) -> Outcome:
    cases = [CaseResult(verdict=Verdict.PASSED)] * passed + [CaseResult(verdict=Verdict.WRONG_ANSWER)] * (
        total - passed
    )
    return Outcome(verdict, tuple(cases), run_s=0.5, cpu_s=0.25, flags=("near_limit",))


def compose(done: Finished, **spec: Any) -> tuple[Account, Any]:
    account, text = result(info(**spec), done, 103.0)
    data = json.loads(text)
    SampleResult.model_validate(data)
    return account, data


def test_a_pass_with_thinking() -> None:
    done = Finished(waiting(), outcome(Verdict.PASSED), 101.0, Thinking(0.5, ("thinking_rejected",), 0.1))
    account, data = compose(done)
    assert data["reward"] == 1.5
    assert data["components"] == {"format": None, "outcome": 1.0, "thinking": 0.5, "gate": 1.0}
    assert data["flags"] == ["near_limit", "thinking_rejected", "truncated"]
    assert data["timing"] == {"queue_s": 1.0, "run_s": 0.5, "cpu_s": 0.25, "thinking_s": 0.1, "total_s": 3.0}
    assert set(data["tests"]["cases"][0]) == set(CaseResult.model_fields)
    assert account == Account("p", True, 0, 1.5, thinking=0.5, bare=1.0)


def test_pass_rate_is_the_share_of_cases() -> None:
    account, data = compose(Finished(waiting(), outcome(Verdict.WRONG_ANSWER, 3, 4), 101.0), policy="pass-rate")
    assert data["reward"] == 0.75
    assert (account.kind, account.gate_open) == ("f", False)


def test_invalid_has_no_reward_and_says_why() -> None:
    done = Finished(waiting(), given_up(InvalidCode.CANCELLED, "gone"), None)
    account, data = compose(done)
    assert (data["verdict"], data["reward"], data["error"]["code"]) == ("invalid", None, "cancelled")
    assert data["components"]["outcome"] is None
    assert account == Account("i", False, 0, None)


def test_no_model_means_no_term() -> None:
    account, data = compose(Finished(waiting(), outcome(Verdict.PASSED), 101.0))
    assert (data["reward"], data["components"]["thinking"]) == (1.0, None)
    assert data["components"]["gate"] == 1.0
    assert account.gate_open, "as its component says, though there was nobody to ask"


def test_what_is_held_comes_back() -> None:
    done = Finished(waiting(id="\ud800"), outcome(Verdict.PASSED), 101.0, Thinking(0.5, ("f",), 0.1))
    assert Finished.from_text(done.to_text().encode("ascii")) == done


def test_gamma_leaves_out_whom_we_could_not_judge() -> None:
    spec = RewardSpec(policy="soft-gate")

    def member(verdict: Verdict, t: float | None) -> Finished:
        return Finished(waiting(), outcome(verdict, int(verdict is Verdict.PASSED)), 101.0, Thinking(t))

    group = [member(Verdict.PASSED, 0.2), member(Verdict.WRONG_ANSWER, 0.7), member(Verdict.PASSED, None)]
    assert gamma_of(spec, group) == pytest.approx(2.718281828**-0.5)
    assert gamma_of(spec, group[:1]) == 1.0
    assert gamma_of(spec, [member(Verdict.PASSED, None)]) is None


def test_the_summary_adds_up() -> None:
    accounts = [
        *(Account("p", True, 0, 1.0), Account("p", False, 0, 1.0)),  # no variance
        *(Account("p", False, 1, 1.0), Account("f", False, 1, 0.0)),
        *(Account("i", False, 2, None), Account("f", False, 2, 0.0)),  # one reward is no group
        *(Account("f", False, -1, 0.0), Account("f", False, -1, 0.0)),  # no group at all
    ]
    summary = summarize(accounts, 2.0)
    assert (summary.samples, summary.passed, summary.failed, summary.invalid) == (8, 3, 4, 1)
    assert (summary.gate_open, summary.zero_variance_groups, summary.samples_per_s) == (1, 1, 4.0)
    assert (summary.invalid_rate, summary.gate_open_share) == (1 / 8, 1 / 7)
    assert (summary.thinking_mean_passed, summary.thinking_mean_failed) == (None, None)
    assert (summary.thinking_drift, summary.pass_rate_drift, summary.warnings) == (None, None, [])


def test_the_summary_tells_what_the_thinking_term_did() -> None:
    accounts = [
        *(Account("p", True, 0, 1.25, 0.25, 1.0), Account("p", True, 0, 1.75, 0.75, 1.0)),  # it made the difference
        *(Account("p", True, 1, 1.5, 0.5, 1.0), Account("p", True, 1, 1.5, 0.5, 1.0)),  # it made none
        *(Account("f", True, 2, 0.5, 0.5, 0.0), Account("p", True, 2, 1.5, 0.5, 1.0)),  # there was one before
    ]
    summary = summarize(accounts, 1.0, Trend(0.25, -0.5, "look here"))
    assert (summary.zero_variance_groups_before_thinking, summary.zero_variance_groups) == (2, 1)
    assert (summary.thinking_mean_passed, summary.thinking_mean_failed) == (0.5, 0.5)
    assert (summary.thinking_drift, summary.pass_rate_drift, summary.warnings) == (0.25, -0.5, ["look here"])


@pytest.mark.parametrize("policy", ["p-grpo", "ungated", "outcome", "pass-rate", "soft-gate"])
def test_the_bare_reward_is_that_without_a_thinking_term(policy: Any) -> None:
    spec: dict[str, Any] = {"policy": policy, "format": "think", "weights": {"format": 2, "outcome": 3, "thinking": 5}}
    with_term = Finished(waiting(format=1.0), outcome(Verdict.PASSED), 101.0, Thinking(0.5))
    account, text = result(info(**spec), with_term, 103.0, gamma=0.5 if policy == "soft-gate" else None)
    assert account.bare == 5.0
    terms = {"outcome": 0.0, "soft-gate": 1.25}
    assert json.loads(text)["reward"] == 5.0 + terms.get(policy, 2.5)
