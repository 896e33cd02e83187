"""Gate, thinking model, reward: asked only where the gate is open, and never in anybody's way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from jobs_api import Api, api_process, finished, workers_up
from jobs_fakes import Service, plan, sample

from proctor.errors import ThinkingUnavailable, Unavailable
from proctor.finish.health import Step, Tally
from proctor.finish.runs import Runs
from proctor.jobs import batches as batches_module
from proctor.jobs.batches import Batches
from proctor.jobs.scripts import AsyncScripts
from proctor.judge.outcome import Outcome
from proctor.thinking.types import Score, Thought
from proctor.wire import CaseResult, RewardSpec, Verdict


class FakeScorer:
    """T is the number that the reasoning ends with; "down" fails, "slow" takes two seconds."""

    def __init__(self) -> None:
        self.asked: list[Thought] = []
        self.up = True

    async def score(self, thought: Thought) -> Score:
        self.asked.append(thought)
        word, _, number = thought.reasoning.partition(" ")
        if word == "slow":
            await asyncio.sleep(2)
        if word == "down":
            raise ThinkingUnavailable("told to be down")
        return Score(float(number or 0), ("thinking_rejected",) if word == "rejected" else ())

    def available(self) -> bool:
        return self.up

    def describe(self) -> dict[str, Any]:
        return {"model": "fake"}


@pytest.fixture
def scorer() -> FakeScorer:
    return FakeScorer()


@pytest.fixture
async def thinking(queue: Service, scorer: FakeScorer) -> AsyncIterator[Api]:
    async with api_process(queue, scorer, thinking_provider="vllm") as api:
        await workers_up(queue, api)
        yield api


def thoughts(*rows: tuple[str, str | None], **values: Any) -> Any:
    samples = [sample(i, f"{code} note={i}", reasoning=reasoning) for i, (code, reasoning) in enumerate(rows)]
    return plan([], samples=samples, **values)


async def test_only_open_gates_are_asked(thinking: Api, scorer: FakeScorer) -> None:
    made = thoughts(("pass", "t 0.7"), ("fail", "t 0.9"), ("pass", "rejected 0"))
    state, results = await finished(thinking, await thinking.batches.admit("me", made, detached=True))
    assert [r["reward"] for r in results] == [1.7, 0.0, 1.0]
    assert [r["components"]["thinking"] for r in results] == [0.7, None, 0.0]
    assert results[2]["flags"] == ["thinking_rejected"]
    assert sorted(t.reasoning for t in scorer.asked) == ["rejected 0", "t 0.7"]
    assert {t.problem for t in scorer.asked} == {"why?"}
    assert state.provenance is not None
    assert state.provenance.thinking == {"model": "fake"}
    assert state.summary is not None
    assert state.summary.gate_open == 2


async def test_slow_thinking_is_in_nobodys_way(thinking: Api) -> None:
    slow = await thinking.batches.admit(
        "me", thoughts(("pass", "slow 0.5"), ("pass", "t 0.5"), ("fail", None)), detached=True
    )
    began = time.monotonic()
    while (await thinking.batches.status("me", slow)).done < 2:
        await thinking.batches.wait("me", slow, 1, 5)
    assert time.monotonic() - began < 1.5  # the other samples of the batch
    quick = await thinking.batches.admit("me", thoughts(("pass", "t 0.25")), detached=True)
    await finished(thinking, quick)
    assert time.monotonic() - began < 2.0
    _, results = await finished(thinking, slow)
    assert [r["reward"] for r in results] == [1.5, 1.5, 0.0]
    assert results[0]["timing"]["thinking_s"] >= 2.0


@pytest.mark.parametrize("choice", ["invalid", "outcome_only"])
async def test_a_model_that_fails(thinking: Api, choice: Any) -> None:
    spec = RewardSpec(on_thinking_error=choice)
    made = thoughts(("pass", "down 1"), ("fail", "down 1"), reward=spec)
    _, results = await finished(thinking, await thinking.batches.admit("me", made, detached=True))
    if choice == "invalid":
        assert (results[0]["verdict"], results[0]["reward"]) == ("invalid", None)
        assert results[0]["error"]["code"] == "thinking_unavailable"
    else:
        assert (results[0]["verdict"], results[0]["reward"]) == ("passed", 1.0)
        assert results[0]["components"]["thinking"] is None
    assert (results[1]["verdict"], results[1]["reward"]) == ("wrong_answer", 0.0)


async def test_ungated_asks_for_all_even_without_code(thinking: Api, scorer: FakeScorer) -> None:
    no_code = Outcome(verdict=Verdict.NO_CODE, cases=(CaseResult(verdict=Verdict.NOT_RUN),))
    samples = [sample(0, "fail", reasoning="t 0.5"), sample(1, None, reasoning="t 0.25", known=no_code)]
    made = plan([], samples=samples, reward=RewardSpec(policy="ungated"))
    _, results = await finished(thinking, await thinking.batches.admit("me", made, detached=True))
    assert [r["reward"] for r in results] == [0.5, 0.25]


async def test_soft_gate_weighs_the_whole_group(thinking: Api) -> None:
    rows = [("pass", "t 0.2"), ("fail", "slow 0.6"), ("pass sleep=0.3", "t 0.4"), ("fail", "t 0.8")]
    samples = [sample(i, f"{c} note={i}", group="g", reasoning=t) for i, (c, t) in enumerate(rows)]
    samples.append(sample(4, "pass note=4", group="h", reasoning="t 1"))
    made = plan([], samples=samples, reward=RewardSpec(policy="soft-gate"))
    _, results = await finished(thinking, await thinking.batches.admit("me", made, detached=True))
    gamma = 2.718281828459045 ** (0.3 - 0.7)
    expected = [1 + gamma * 0.2, gamma * 0.6, 1 + gamma * 0.4, gamma * 0.8, 2.0]
    assert [r["reward"] for r in results] == pytest.approx(expected)


async def test_soft_gate_ends_when_members_are_cancelled(queue: Service, thinking: Api) -> None:
    await workers_up(queue, thinking, 2)
    rows = [("pass", "t 0.5"), ("sleep=20", "t 0.5"), ("sleep=20", "t 0.5")]
    samples = [sample(i, f"{c} note={i}", group="g", reasoning=t, wall_s=21) for i, (c, t) in enumerate(rows)]
    batch_id = await thinking.batches.admit(
        "me", plan([], samples=samples, reward=RewardSpec(policy="soft-gate")), detached=True
    )
    for _ in range(200):
        if await thinking.redis.hlen(f"test:b:{batch_id}:h"):
            break
        await asyncio.sleep(0.02)
    await thinking.batches.cancel("me", batch_id)
    _, results = await finished(thinking, batch_id, timeout_s=5)
    assert [r["verdict"] for r in results] == ["passed", "invalid", "invalid"]
    assert results[0]["reward"] == 1.5


async def test_while_the_model_is_down_new_batches_wait_then_are_refused(
    thinking: Api, scorer: FakeScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches_module, "THINKING_PATIENCE_S", 0.6)
    gated = Batches(thinking.redis, thinking.settings, scorer)
    scorer.up = False
    with pytest.raises(Unavailable):
        await gated.admit("me", thoughts(("pass", "t 1")), detached=True)
    await finished(
        thinking, await gated.admit("me", thoughts(("pass", "t 1"), reward=RewardSpec(policy="outcome")), detached=True)
    )
    waiting = asyncio.create_task(gated.admit("me", thoughts(("pass", "t 1")), detached=True))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    scorer.up = True
    await finished(thinking, await waiting)
    await gated.close()


async def test_a_claimed_entry_commits_once(
    queue: Service, scorer: FakeScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two finishers think about one sample at a time; one result is there in the end."""
    from proctor.finish import finisher

    monkeypatch.setattr(finisher, "CLAIM_MS", 1)  # every entry in hand looks abandoned
    monkeypatch.setattr(finisher, "RENEW_S", 0.1)
    async with api_process(queue, scorer, thinking_provider="vllm") as one:
        async with api_process(queue, scorer, thinking_provider="vllm"):
            await workers_up(queue, one)
            made = thoughts(*[("pass", "slow 0.5")] * 5)
            _, results = await finished(one, await one.batches.admit("me", made, detached=True))
    assert [r["reward"] for r in results] == [1.5] * 5
    assert len(scorer.asked) > 5


async def test_a_run_whose_scores_rise_while_its_passes_fall_is_warned_of(thinking: Api) -> None:
    """Eight steps of ten samples: T from 0.1 up to 0.8, passes from nine down to two. Another run sees none of it."""
    summaries = []
    for step in range(8):
        rows = [(f"{'pass' if i < 9 - step else 'fail'} {step}", f"t {step / 10 + 0.1 + i / 1000}") for i in range(10)]
        made = thoughts(*rows, run="r", step=step)
        state, _ = await finished(thinking, await thinking.batches.admit("me", made, detached=True))
        assert state.summary is not None
        summaries.append(state.summary)
    assert [s.warnings for s in summaries[:3]] == [[], [], []]
    last = summaries[-1]
    assert last.thinking_mean_passed == pytest.approx(0.8, abs=0.01)
    assert last.thinking_mean_failed is None
    assert last.gate_open_share == 0.2
    assert last.thinking_drift is not None
    assert last.thinking_drift > 0.3
    assert last.pass_rate_drift == pytest.approx(-0.4)
    assert "reward hacking" in last.warnings[0]
    another = await thinking.batches.admit("me", thoughts(("pass", "t 1"), run="s", step=8), detached=True)
    other, _ = await finished(thinking, another)
    foreign = await thinking.batches.admit("you", thoughts(("pass", "t 1"), run="r", step=8), detached=True)
    mine, _ = await finished(thinking, foreign, owner="you")
    for summary in (other.summary, mine.summary):
        assert summary is not None
        assert (summary.warnings, summary.thinking_drift) == ([], None)
    (kept,) = [key async for key in thinking.redis.scan_iter("test:run:*") if await thinking.redis.strlen(key) > 100]
    assert 0 < await thinking.redis.ttl(kept) <= 7 * 86_400


async def test_what_is_kept_of_a_run_is_bounded(thinking: Api) -> None:
    scripts = AsyncScripts(thinking.redis, thinking.settings.namespace)
    runs = Runs(scripts, thinking.settings.namespace)
    for number in range(60):
        await runs.add("me", "long", Step(number // 2, 3, 2, Tally(1, 0.5, 0.25), Tally(1, 0.25, 0.0625)))
    await runs.add("me", "long", Step(None, 1, 1))
    await runs.add("me", "long", Step(None, 1, 1))
    steps = await runs.steps("me", "long")
    assert steps[0] == Step(0, 6, 4, Tally(2, 1.0, 0.5), Tally(2, 0.5, 0.125))
    assert len(steps) == 32
    for number in range(100, 150):
        await runs.add("me", "long", Step(number, 1, 1))
    assert [step.step for step in await runs.steps("me", "long")] == list(range(110, 150))
    scripts.pipe.close()
