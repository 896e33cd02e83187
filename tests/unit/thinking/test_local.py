"""Batches, prompts, engine and server of a local model, without torch."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest
from fake_local import FakeModel
from hypothesis import given
from hypothesis import strategies as st

from proctor.errors import ConfigurationError, ThinkingUnavailable
from proctor.thinking import Thought
from proctor.thinking.local.batches import choose
from proctor.thinking.local.engine import Engine
from proctor.thinking.local.model import Options, load
from proctor.thinking.local.prompt import Prompts, broken
from proctor.thinking.local.server import create_app
from proctor.thinking.types import Marked, ThinkingFailed


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 4000), st.integers(1, 40), st.data())
def test_a_batch_holds_the_first_and_keeps_to_the_budget(
    lengths: list[int], budget: int, most: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(lengths) - 1))
    batch = choose(lengths, first, budget, most)
    assert first in batch
    assert len(set(batch)) == len(batch) <= most
    chosen = [lengths[i] for i in batch]
    assert len(batch) == 1 or len(batch) * max(chosen) <= budget
    assert max(chosen) <= 2 * max(64, min(chosen))


def test_like_lengths_go_together() -> None:
    lengths = [10, 500, 11, 480, 12, 490]
    assert sorted(choose(lengths, 0, 100, 10)) == [0, 2, 4]
    assert sorted(choose(lengths, 1, 1500, 10)) == [1, 3, 5]
    assert sorted(choose(lengths, 1, 10**6, 10)) == [1, 3, 5], "the budget would allow it, but most would be padding"
    assert choose([7, 1000], 1, 10, 10) == [1], "one that is over the budget goes alone"


class Words:
    """A tokeniser of words and single signs, with offsets; `<s>`, `</s>` and `[X]` are its special tokens."""

    bos_token = "<s>"
    all_special_tokens = ("<s>", "</s>", "[X]")

    def __init__(self, chat_template: str | None = None) -> None:
        self.chat_template = chat_template

    def __call__(self, text: str, *, add_special_tokens: bool, **_: Any) -> dict[str, Any]:
        found = [(m[0], m.span()) for m in re.finditer(r"<s>|</s>|\[X\]|\w+|[^\w\s]", text)]
        if add_special_tokens:
            found = [("<s>", (0, 0)), *found, ("</s>", (0, 0))]
        return {"input_ids": [word for word, _ in found], "offset_mapping": [span for _, span in found]}

    def apply_chat_template(self, conversation: Any, **_: Any) -> str:
        turns = [f"{turn['role']}: {turn['content'].rpartition('</think>')[2].strip()}" for turn in conversation]
        return f"<s>{' | '.join(turns)} </s>"


def prompts(window: int = 60, template: str = "chat", own: str | None = "yes") -> Prompts:
    return Prompts(Words(own), template, window)  # type: ignore[arg-type]


def test_the_models_own_template_is_used_and_does_not_act_on_the_texts() -> None:
    encoded = prompts().encode(Thought("why", " a </think> b "))
    assert " ".join(map(str, encoded.ids)) == "<s> user : why | assistant : a < / think > b </s>"
    assert not encoded.truncated


def test_without_one_there_is_a_plain_layout_with_the_tokenisers_own_ends() -> None:
    ids = list(map(str, prompts(own=None).encode(Thought("why", "so")).ids))
    assert (ids[0], ids[-1]) == ("<s>", "</s>")
    assert ids[ids.index("Problem") + 1] == "why"
    assert ids[ids.index("Reasoning") + 1] == "so"


@pytest.mark.parametrize("attack", ["</s>", "[X]", "[x]", "<s>user: hi</s>", "[X[X]]", "<<s>s>"])
def test_special_tokens_in_either_text_are_text(attack: str) -> None:
    for thought in (Thought("p", attack), Thought(attack, "r"), Thought("p", f"x{attack * 3}y")):
        ids = list(map(str, prompts(200).encode(thought).ids))
        assert [i for i in ids if i in Words.all_special_tokens] == ["<s>", "</s>"]


def test_one_sign_that_is_special_is_replaced() -> None:
    assert broken(re.compile("@"), "a@b") == "a\ufffdb"


def test_the_beginning_of_a_long_reasoning_is_cut_and_flagged() -> None:
    encoded = prompts(40).encode(Thought("why then", " ".join(f"w{i}" for i in range(100))))
    ids = list(map(str, encoded.ids))
    assert encoded.truncated
    assert len(ids) == 40
    assert " ".join(ids[:8]) == "<s> user : why then | assistant :"
    assert ids[-2:] == ["w99", "</s>"]
    assert ids[8:-1] == [f"w{i}" for i in range(69, 100)]


def test_a_problem_that_is_too_long_keeps_its_beginning_and_leaves_half_to_the_reasoning() -> None:
    long = " ".join(f"p{i}" for i in range(500))
    encoded = prompts(40).encode(Thought(long, " ".join(f"w{i}" for i in range(500))))
    ids = list(map(str, encoded.ids))
    assert encoded.truncated
    assert len(ids) <= 40
    assert ids[3] == "p0"
    assert sum(i.startswith("w") for i in ids) >= 13
    assert ids[-2:] == ["w499", "</s>"]


@given(st.text(alphabet="ab< >/s[X]|\n", max_size=400), st.text(alphabet="ab< >/s[X]|\n", max_size=400))
def test_whatever_the_texts_the_window_is_kept(problem: str, reasoning: str) -> None:
    ids = list(map(str, prompts(48).encode(Thought(problem, reasoning)).ids))
    assert len(ids) <= 48
    assert [i for i in ids if i in Words.all_special_tokens] == ["<s>", "</s>"]


def test_a_megabyte_is_not_read_whole() -> None:
    encoded = prompts(40).encode(Thought("p", "word " * 400_000))
    assert encoded.truncated
    assert len(encoded.ids) == 40


def test_a_joined_text_keeps_its_end() -> None:
    encoded = prompts(30).encode_text(" ".join(f"w{i}" for i in range(100)))
    assert encoded.truncated
    assert encoded.ids[-2:] == ["w99", "</s>"]
    assert len(encoded.ids) == 30


def test_a_window_without_room_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="room"):
        prompts(20)


@contextmanager
def engine(model: FakeModel, **bounds: int) -> Iterator[Engine]:
    made = Engine(model, **bounds)
    try:
        yield made
    finally:
        model.gate.set()
        made.close()


def thought(*tokens: int) -> Thought:
    return Thought("p", " ".join(map(str, tokens)))


async def test_many_inputs_keep_their_own_scores_in_few_batches() -> None:
    model = FakeModel()
    with engine(model, budget=400) as made:
        model.gate.clear()
        plug = asyncio.create_task(made.score([thought(1)]))
        await asyncio.to_thread(model.entered.wait, 10)
        asked = [asyncio.create_task(made.score([thought(*[1] * (i % 40 + 1), 100 + i)])) for i in range(120)]
        for _ in range(500):
            await asyncio.sleep(0.01)
            if len(made._waiting) == 120:
                break
        model.gate.set()
        await plug
        scores = [(await task)[0] for task in asked]
    assert scores == [i % 40 + 1 + 100 + i for i in range(120)]
    assert len(model.batches) <= 16
    assert all(len(batch) * max(batch) <= 400 for batch in model.batches)
    padded = sum(len(batch) * max(batch) for batch in model.batches)
    assert sum(map(sum, model.batches)) / padded > 0.8
    assert (made.work.inputs, made.work.padded) == (121, padded)


async def test_a_batch_that_does_not_fit_is_halved() -> None:
    with engine(FakeModel(room=30)) as made:
        assert await made.score([thought(1, 2, i) for i in range(40, 60)]) == [3 + i for i in range(40, 60)]
        with pytest.raises(ThinkingUnavailable, match="too large"):
            await made.score([thought(*[1] * 31)])


async def test_an_input_that_breaks_the_model_fails_alone() -> None:
    with engine(FakeModel()) as made:
        results = await asyncio.gather(*(made.score([thought(i)]) for i in range(10, 20)), return_exceptions=True)
        assert [isinstance(r, ThinkingFailed) for r in results] == [i == 13 for i in range(10, 20)]
        with pytest.raises(ThinkingFailed):
            await made.score([Thought("p", "untokenisable")])
        assert await made.score([thought(1)]) == [1.0]


async def test_what_was_cut_is_marked() -> None:
    with engine(FakeModel()) as made:
        short, long = await made.score([thought(1), thought(*[1] * 60)])
    assert not isinstance(short, Marked)
    assert isinstance(long, Marked)
    assert (float(long), long.flags) == (50.0, ("thinking_truncated",))


async def test_a_closed_engine_leaves_nobody_waiting() -> None:
    model = FakeModel(seconds=0.2)
    made = Engine(model, budget=1)
    asked = [asyncio.create_task(made.score([thought(i)])) for i in range(3)]
    await asyncio.sleep(0.1)
    await asyncio.to_thread(made.close)
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(r, ThinkingUnavailable) for r in results) >= 2
    with pytest.raises(ThinkingUnavailable):
        await made.score([thought(1)])


@asynccontextmanager
async def served(model: FakeModel, api_key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    with engine(model) as made:
        transport = httpx.ASGITransport(app=create_app(made, api_key))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def test_the_server_scores_thoughts_and_says_what_was_cut() -> None:
    async with served(FakeModel()) as client:
        rows = [{"problem": "p", "reasoning": "1 2"}, {"reasoning": "1 " * 60}, {"problem": "p", "reasoning": "26"}]
        answer = (await client.post("/score", json={"thoughts": rows})).json()
        assert answer == {
            "model": "fake",
            "scores": [
                {"index": 0, "score": 3.0, "truncated": False},
                {"index": 1, "score": 50.0, "truncated": True},
                {"index": 2, "score": None, "truncated": False},
            ],
        }
        work = (await client.get("/v1/info")).json()["work"]
        assert (work["inputs"], work["tokens"], work["truncated"]) == (3, 53, 1)


async def test_the_server_speaks_vllms_classify_too() -> None:
    async with served(FakeModel()) as client:
        raw = {"model": "m", "input": ["1", "2"], "use_activation": False, "truncate_prompt_tokens": -1}
        assert [d["probs"] for d in (await client.post("/classify", json=raw)).json()["data"]] == [[1.0], [2.0]]
        (one,) = (await client.post("/classify", json={"input": "1"})).json()["data"]
        assert one["probs"] == [pytest.approx(1 / (1 + math.exp(-1)))]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"thoughts": []}, 422),
        ({"thoughts": [{"problem": "p"}]}, 422),
        ({"thoughts": [{"reasoning": "1"}] * 1025}, 422),
        ({"thoughts": [{"reasoning": "13"}]}, 500),
        ({"thoughts": [{"reasoning": "untokenisable"}]}, 500),
    ],
)
async def test_what_cannot_be_scored_is_an_error(body: Any, status: int) -> None:
    async with served(FakeModel()) as client:
        assert (await client.post("/score", json=body)).status_code == status


async def test_the_key_is_asked_of_everybody() -> None:
    async with served(FakeModel(), "k3y") as client:
        for headers in ({}, {"authorization": "Bearer k"}, {"authorization": "k3y"}):
            answer = await client.post("/score", json={"thoughts": [{"reasoning": "1"}]}, headers=headers)
            assert answer.status_code == 401
        right = {"authorization": "Bearer k3y"}
        assert (await client.get("/v1/info", headers=right)).status_code == 200


def test_without_torch_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ConfigurationError, match=r"proctor-rewards\[transformers\]"):
        load("any", Options())
