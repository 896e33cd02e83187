"""The scorer against a real local server that behaves well, badly, and hostilely."""

from __future__ import annotations

import asyncio
import math
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from thinking_server import Answer, Asked, FakeModel, classify, serve

from proctor.errors import ThinkingUnavailable
from proctor.settings import Settings
from proctor.thinking import Score, Scorer, Thought, make_scorer
from proctor.thinking.scorer import CONTROL


@asynccontextmanager
async def scoring(answer: Callable[[Asked], Answer], **settings: Any) -> AsyncIterator[tuple[Scorer, FakeModel]]:
    with serve(answer) as model:
        named = {"thinking_provider": "vllm", "thinking_normalize": "identity", "thinking_model": "m", **settings}
        scorer = make_scorer(Settings(thinking_url=model.url, **named))
        assert scorer is not None
        try:
            yield scorer, model
        finally:
            await scorer.close()


def thought(reasoning: str = "first add, then print") -> Thought:
    return Thought("Add two numbers.", reasoning)


async def test_a_score_is_what_the_model_said() -> None:
    async with scoring(classify(lambda _: 0.25)) as (scorer, model):
        assert await scorer.score(thought()) == Score(0.25)
    (asked,) = model.asked
    assert asked.path == "/classify"
    assert asked.body["use_activation"] is False
    assert asked.body["truncate_prompt_tokens"] == -1
    assert asked.body["model"] == "m"
    assert "Add two numbers." in asked.body["input"][0]
    assert "first add, then print" in asked.body["input"][0]


@pytest.mark.parametrize("empty", ["", "  \n\t "])
async def test_empty_reasoning_is_zero_without_asking(empty: str) -> None:
    async with scoring(classify(lambda _: 0.5)) as (scorer, model):
        assert await scorer.score(thought(empty)) == Score(0.0)
    assert model.asked == []


async def test_logits_go_through_a_sigmoid_by_default() -> None:
    async with scoring(classify(lambda _: 2.0), thinking_normalize=None) as (scorer, _):
        assert (await scorer.score(thought())).value == pytest.approx(1 / (1 + math.exp(-2)))
        assert scorer.describe()["normalize"] == "sigmoid"


async def test_many_thoughts_share_few_calls_and_keep_their_own_scores() -> None:
    def own(text: str) -> float:
        return int(text.rsplit("#", 1)[1]) / 1000

    async with scoring(classify(own), thinking_batch=16) as (scorer, model):
        scores = await asyncio.gather(*(scorer.score(thought(f"t #{i}")) for i in range(100)))
    assert [s.value for s in scores] == [i / 1000 for i in range(100)]
    assert len(model.asked) <= 10
    assert max(len(a.body["input"]) for a in model.asked) <= 16


async def test_calls_at_a_time_are_bounded() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def slow(asked: Asked) -> Answer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return classify(lambda _: 0.5)(asked)

    async with scoring(slow, thinking_batch=1, thinking_concurrency=3) as (scorer, model):
        await asyncio.gather(*(scorer.score(thought(f"{i}")) for i in range(20)))
    assert len(model.asked) == 20
    assert 1 < most <= 3


async def test_equal_thoughts_are_asked_once() -> None:
    async with scoring(classify(lambda _: 0.5)) as (scorer, model):
        await asyncio.gather(*(scorer.score(thought("same")) for _ in range(10)))
        await scorer.score(thought("same"))
        await scorer.score(Thought("Another problem.", "same"))
    assert len(model.texts()) == 2


async def test_one_bad_answer_is_asked_again() -> None:
    answers = iter([(503, {}), (200, b"{"), None])

    def sometimes(asked: Asked) -> Answer:
        return next(answers) or classify(lambda _: 0.75)(asked)

    async with scoring(sometimes) as (scorer, model):
        assert await scorer.score(thought()) == Score(0.75)
    assert len(model.asked) == 3


def probs(*values: Any, index: int = 0) -> Answer:
    return 200, {"data": [{"index": index, "label": "L", "probs": list(values), "num_classes": len(values)}]}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((500, {}), id="500"),
        pytest.param((503, {}), id="503"),
        pytest.param((404, {"error": "no such model"}), id="wrong model"),
        pytest.param((401, {}), id="wrong key"),
        pytest.param((200, b"<html>"), id="not JSON"),
        pytest.param((200, []), id="not an object"),
        pytest.param((200, {"data": []}), id="too few"),
        pytest.param((200, {"data": [*probs(0.5)[1]["data"], *probs(0.5, index=1)[1]["data"]]}), id="too many"),
        pytest.param(probs(0.5, index=1), id="wrong order"),
        pytest.param(probs(math.nan), id="NaN"),
        pytest.param(probs(math.inf), id="inf"),
        pytest.param(probs("0.5"), id="a string"),
        pytest.param(probs(True), id="a bool"),
        pytest.param(probs(None), id="null"),
        pytest.param(probs(1.5), id="outside [0, 1]"),
        pytest.param(probs(10**400), id="huge"),
        pytest.param(probs(0.5, 0.5), id="two labels"),
        pytest.param(probs(), id="no label"),
    ],
)
async def test_what_is_no_score_is_an_error_and_never_a_number(answer: Answer) -> None:
    async with scoring(lambda _: answer) as (scorer, _):
        with pytest.raises(ThinkingUnavailable):
            await scorer.score(thought())


async def test_a_model_that_is_not_there_is_unavailable() -> None:
    with serve(classify(lambda _: 0.5)) as model:
        url = model.url
    scorer = make_scorer(Settings(thinking_provider="vllm", thinking_url=url))
    assert scorer is not None
    with pytest.raises(ThinkingUnavailable):
        await scorer.score(thought())
    await scorer.close()


async def test_a_model_that_does_not_answer_in_time_is_unavailable() -> None:
    def late(asked: Asked) -> Answer:
        time.sleep(0.3)
        return classify(lambda _: 0.5)(asked)

    async with scoring(late, thinking_timeout_s=0.05) as (scorer, _):
        with pytest.raises(ThinkingUnavailable):
            await scorer.score(thought())


@pytest.mark.parametrize("status", [400, 403, 413, 422, 500])
async def test_an_input_that_is_refused_while_a_control_passes_scores_zero_and_is_flagged(status: int) -> None:
    """The one input alone: the others of its call keep their scores."""

    def moderated(asked: Asked) -> Answer:
        if any("BAD" in text for text in asked.body["input"]):
            return status, {"error": "content"}
        return classify(lambda _: 0.5)(asked)

    async with scoring(moderated) as (scorer, _):
        good, bad, other = await asyncio.gather(*(scorer.score(thought(t)) for t in ("good", "BAD", "other")))
    assert (good, other) == (Score(0.5), Score(0.5))
    assert bad == Score(0.0, ("thinking_rejected",))


async def test_a_model_that_refuses_everything_rejects_nobody() -> None:
    async with scoring(lambda _: (400, {})) as (scorer, model):
        with pytest.raises(ThinkingUnavailable, match="control"):
            await scorer.score(thought())
    assert any(CONTROL.reasoning in text for text in model.texts())


def never_in_time(asked: Asked) -> Answer:
    """Answers too late what holds SLOW, and all the rest at once."""
    if any("SLOW" in text for text in asked.body["input"]):
        time.sleep(2.0)
    return classify(lambda _: 0.5)(asked)


async def test_reasoning_that_keeps_the_model_from_answering_buys_nothing_and_voids_nobody_else() -> None:
    async with scoring(never_in_time, thinking_timeout_s=1.0) as (scorer, model):
        slow, good = await asyncio.gather(scorer.score(thought("SLOW " * 40)), scorer.score(thought("good")))
        assert scorer.available()
    assert slow == Score(0.0, ("thinking_rejected",))
    assert good == Score(0.5)
    beside, *alone = [text for text in model.texts() if "SLOW" in text]
    controls = [text for text in model.texts() if CONTROL.reasoning[:20] in text and len(text) >= len(beside)]
    assert len(alone) == 2
    assert len(controls) == 2
    assert all("Add two numbers." in text for text in controls), "of the same problem"


async def test_lateness_is_not_held_against_an_input_where_a_control_as_long_is_late_too() -> None:
    def slow_reader(asked: Asked) -> Answer:
        if any(len(text) > 1000 for text in asked.body["input"]):
            time.sleep(2.0)
        return classify(lambda _: 0.5)(asked)

    async with scoring(slow_reader, thinking_timeout_s=1.0, thinking_batch=1) as (scorer, _):
        with pytest.raises(ThinkingUnavailable, match="control"):
            await scorer.score(thought("step " * 400))
        assert await scorer.score(thought("short")) == Score(0.5)


async def test_a_model_that_was_late_twice_scores_at_last() -> None:
    late = iter([True, True])

    def stalls(asked: Asked) -> Answer:
        if next(late, False):
            time.sleep(2.0)
        return classify(lambda _: 0.75)(asked)

    async with scoring(stalls, thinking_timeout_s=1.0) as (scorer, _):
        assert await scorer.score(thought()) == Score(0.75)


async def test_a_score_that_is_no_number_is_an_error_of_that_thought_alone() -> None:
    nan = classify(lambda text: math.nan if "ODD" in text else 0.5)
    async with scoring(nan) as (scorer, _):
        odd, good = await asyncio.gather(
            scorer.score(thought("ODD")), scorer.score(thought("good")), return_exceptions=True
        )
    assert isinstance(odd, ThinkingUnavailable)
    assert good == Score(0.5)


async def test_the_circuit_opens_and_a_probe_closes_it() -> None:
    dead = True

    def sometimes(asked: Asked) -> Answer:
        return (503, {}) if dead else classify(lambda _: 0.5)(asked)

    async with scoring(sometimes, thinking_batch=1, thinking_timeout_s=20) as (scorer, model):
        failed = await asyncio.gather(*(scorer.score(thought(f"{i}")) for i in range(6)), return_exceptions=True)
        assert all(isinstance(f, ThinkingUnavailable) for f in failed)
        assert not scorer.available()
        assert scorer.describe()["available"] is False
        asked = len(model.asked)
        waiting = asyncio.create_task(scorer.score(thought("waits")))
        await asyncio.sleep(0.1)
        assert len(model.asked) == asked, "an open circuit lets nothing through"
        dead = False
        assert await waiting == Score(0.5)
        assert scorer.available()


async def test_calls_that_wait_their_turn_do_not_ask_through_an_open_circuit() -> None:
    async with scoring(lambda _: (503, {}), thinking_batch=1, thinking_concurrency=2, thinking_timeout_s=1) as (
        scorer,
        model,
    ):
        failed = await asyncio.gather(*(scorer.score(thought(f"{i}")) for i in range(60)), return_exceptions=True)
        assert all(isinstance(error, ThinkingUnavailable) for error in failed)
    asked = [text for text in model.texts() if CONTROL.reasoning not in text]
    assert len(asked) <= 3 * 7, "five calls that fail, and one beside each"


async def test_each_gets_its_own_score_from_a_model_that_often_fails() -> None:
    """Some callers go away meanwhile, and equal thoughts are asked side by side."""
    rng = random.Random(1)

    def flaky(asked: Asked) -> Answer:
        kind = rng.random()
        right = classify(lambda text: int(text.rpartition("#")[2]) / 1000 if "#" in text else 0.5)(asked)
        if kind < 0.6:
            return right
        data: dict[str, Any] = right[1]
        return {6: (503, {}), 7: (200, {"data": data["data"][1:]}), 8: (200, {"data": data["data"][::-1]})}.get(
            int(kind * 10), (500, {})
        )

    async with scoring(flaky, thinking_batch=8, thinking_timeout_s=20) as (scorer, _):
        tasks = [asyncio.create_task(scorer.score(thought(f"#{i % 100}"))) for i in range(300)]
        await asyncio.sleep(0.02)
        for task in tasks[::7]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    scored = [(i % 100, one) for i, one in enumerate(found) if isinstance(one, Score)]
    assert all(one == Score(i / 1000) or one.flags == ("thinking_rejected",) for i, one in scored)
    assert all(isinstance(one, Score | ThinkingUnavailable | asyncio.CancelledError) for one in found)
    assert len(scored) > 100


async def test_inputs_that_make_no_number_do_not_open_the_circuit() -> None:
    """Else whoever finds such an input could have the others' samples voided."""
    nan = classify(lambda text: math.nan if "ODD" in text else 0.5)
    async with scoring(nan, thinking_batch=1) as (scorer, _):
        odd = await asyncio.gather(*(scorer.score(thought(f"ODD {i}")) for i in range(8)), return_exceptions=True)
        assert all(isinstance(error, ThinkingUnavailable) for error in odd)
        assert scorer.available()


async def test_close_leaves_nobody_waiting() -> None:
    def late(asked: Asked) -> Answer:
        time.sleep(0.2)
        return classify(lambda _: 0.5)(asked)

    async with scoring(late) as (scorer, _):
        waiting = asyncio.create_task(scorer.score(thought()))
        await asyncio.sleep(0.05)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_text_that_json_or_a_server_cannot_carry_is_replaced() -> None:
    async with scoring(classify(lambda _: 0.5)) as (scorer, model):
        await scorer.score(thought("a\ud800b\x00c\u2028d"))
    assert "a\ufffdb\ufffdc\u2028d" in model.texts()[0]


def test_without_a_provider_there_is_no_scorer() -> None:
    assert make_scorer(Settings(thinking_provider="none")) is None
