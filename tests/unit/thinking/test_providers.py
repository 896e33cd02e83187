"""Each server's contract, field by field, over a real local server; openai and vllm have files of their own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from thinking_server import Asked, serve

from proctor.errors import ConfigurationError, ThinkingUnavailable
from proctor.settings import Settings
from proctor.thinking import Score, Thought, make_scorer
from proctor.thinking.jsonpath import JsonPath

Shape = Callable[[list[Any]], Any]

SHAPES: dict[str, tuple[str, str, Shape]] = {
    # provider: (path, field of the inputs, the answer for these scores)
    "vllm": ("/classify", "input", lambda xs: {"data": [{"index": i, "probs": [x]} for i, x in enumerate(xs)]}),
    "sglang": ("/classify", "text", lambda xs: [{"embedding": [x], "meta_info": {}} for x in xs]),
    "tei": ("/predict", "inputs", lambda xs: [[{"score": x, "label": "LABEL_0"}] for x in xs]),
    "openrlhf": ("/get_reward", "query", lambda xs: {"rewards": xs, "scores": xs, "extra_logs": {}}),
    "http": ("/", "inputs", lambda xs: {"scores": xs}),
}
LOGITS = ("vllm", "sglang", "tei", "openrlhf")


async def score(
    provider: str, answer: Callable[[list[Any]], Any], thoughts: list[Thought], url: str = "", **settings: Any
) -> tuple[list[Score | BaseException], list[Asked]]:
    _, name, _ = SHAPES[provider]
    with serve(lambda asked: (200, answer(asked.body[name]))) as model:
        named: dict[str, Any] = {"thinking_provider": provider, "thinking_url": model.url + url, **settings}
        scorer = make_scorer(Settings(**named))
        assert scorer is not None
        try:
            return await asyncio.gather(*map(scorer.score, thoughts), return_exceptions=True), model.asked
        finally:
            await scorer.close()


def numbered(count: int) -> list[Thought]:
    return [Thought(f"problem {i}", f"reasoning {i}") for i in range(count)]


@pytest.mark.parametrize("provider", SHAPES)
async def test_scores_keep_the_order_of_their_inputs(provider: str) -> None:
    path, name, shape = SHAPES[provider]

    def answer(inputs: list[Any]) -> Any:
        return shape([int(str(text).split("reasoning ")[1].split("'")[0]) / 10 for text in inputs])

    scores, asked = await score(provider, answer, numbered(10), thinking_normalize="identity", thinking_model="m")
    assert scores == [Score(i / 10) for i in range(10)]
    assert {a.path for a in asked} == {path}
    assert all("problem" in str(text) for a in asked for text in a.body[name])


@pytest.mark.parametrize("provider", LOGITS)
async def test_logits_are_normalised_by_a_sigmoid_unless_told(provider: str) -> None:
    (given,), _ = await score(provider, lambda xs: SHAPES[provider][2]([-1.5] * len(xs)), numbered(1))
    assert given == Score(pytest.approx(1 / (1 + math.exp(1.5))))


async def test_raw_scores_are_asked_for() -> None:
    _, asked = await score("tei", lambda xs: SHAPES["tei"][2]([0.0] * len(xs)), numbered(1))
    assert asked[0].body["raw_scores"] is True
    _, asked = await score("vllm", lambda xs: SHAPES["vllm"][2]([0.0] * len(xs)), numbered(1))
    assert asked[0].body["use_activation"] is False


async def test_tei_gets_32_inputs_at_most() -> None:
    shape = SHAPES["tei"][2]
    scores, asked = await score("tei", lambda xs: shape([0.0] * len(xs)), numbered(70), thinking_batch=64)
    assert scores == [Score(0.5)] * 70
    assert max(len(a.body["inputs"]) for a in asked) <= 32


async def test_openrlhf_takes_its_full_url_and_wrapped_values() -> None:
    (given,), asked = await score("openrlhf", lambda xs: {"rewards": [[0.0]] * len(xs)}, numbered(1), url="/get_reward")
    assert given == Score(0.5)
    assert asked[0].path == "/get_reward"
    assert asked[0].body["prompts"] == ["problem 0"]


async def test_http_gets_both_texts_apart_and_joined() -> None:
    (given,), asked = await score("http", lambda xs: {"scores": [0.25]}, numbered(1), thinking_model="m")
    assert given == Score(0.25)
    assert asked[0].body["model"] == "m"
    (item,) = asked[0].body["inputs"]
    assert (item["problem"], item["reasoning"]) == ("problem 0", "reasoning 0")
    assert "problem 0" in item["text"]
    assert "reasoning 0" in item["text"]


@pytest.mark.parametrize("provider", SHAPES)
async def test_whatever_else_it_answers_is_an_error(provider: str) -> None:
    shape = SHAPES[provider][2]
    wrong = [[], [0.5, 0.5], [math.nan], [None], ["0.5"], [[0.5, 0.5]], [{}]]
    junk = [None, 3, "x", {}, [], [3], {"data": [3]}]
    answers = [*map(shape, wrong), *junk]
    results = await asyncio.gather(*(score(provider, lambda _, a=a: a, numbered(1)) for a in answers))
    for (given,), _ in results:
        assert isinstance(given, ThinkingUnavailable)


@pytest.mark.parametrize(
    ("provider", "answer"),
    [
        ("vllm", {"data": [{"index": 0, "probs": [0.5, 0.5], "num_classes": 2}]}),
        ("sglang", [{"embedding": [0.5, 0.5]}]),
        ("tei", [[{"score": 0.5, "label": "A"}, {"score": 0.5, "label": "B"}]]),
    ],
)
async def test_a_head_of_several_labels_is_no_reward_model(provider: str, answer: Any) -> None:
    (given,), _ = await score(provider, lambda _: answer, numbered(1))
    assert isinstance(given, ThinkingUnavailable)
    assert "one label" in str(given)


@pytest.mark.parametrize(
    ("provider", "url", "answer"),
    [
        ("vllm", "/pooling", {"data": [{"index": 0, "data": [0.5, 0.5]}]}),
        ("vllm", "/pooling", {"data": [{"index": 0, "data": [[0.1], [0.5, 0.5]]}]}),
        ("vllm", "/pooling", {"data": [{"index": 0, "data": "AAAA"}]}),
        ("vllm", "/pooling", {"data": [{"index": 0, "data": []}]}),
        ("vllm", "/pooling", {"data": [{"index": 1, "data": [0.5]}]}),
        ("vllm", "/score", {"data": [{"index": 0}]}),
        ("vllm", "/score", {"data": [{"index": 1, "score": 0.5}]}),
        ("vllm", "/score", {"data": [{"index": 0, "score": math.nan}]}),
        ("sglang", "/v1/embeddings", {"data": [{"index": 0, "embedding": [0.5, 0.5]}]}),
        ("sglang", "/v1/embeddings", {"data": [{"index": 1, "embedding": [0.5]}]}),
        ("sglang", "/v1/embeddings", {"data": [{"index": 0, "embedding": "AAAA"}]}),
        ("sglang", "/v1/embeddings", {"data": []}),
    ],
)
async def test_the_other_routes_are_as_strict(provider: Any, url: str, answer: Any) -> None:
    with serve(lambda _: (200, answer)) as model:
        scorer = make_scorer(Settings(thinking_provider=provider, thinking_url=model.url + url))
        assert scorer is not None
        with pytest.raises(ThinkingUnavailable):
            await scorer.score(Thought("p", "r"))
        await scorer.close()
    assert {asked.path for asked in model.asked} == {url}


async def test_what_a_local_model_did_not_see_is_flagged() -> None:
    def answer(asked: Asked) -> Any:
        cut = [len(item["reasoning"]) > 20 for item in asked.body["thoughts"]]
        return 200, {"scores": [{"index": i, "score": 0.0, "truncated": c} for i, c in enumerate(cut)]}

    with serve(answer) as model:
        scorer = make_scorer(Settings(thinking_provider="transformers", thinking_url=model.url))
        assert scorer is not None
        thoughts = [Thought("p", "short"), Thought("p", "long " * 20)]
        for _ in range(2):  # from the cache the second time
            assert await asyncio.gather(*map(scorer.score, thoughts)) == [
                Score(0.5),
                Score(0.5, ("thinking_truncated",)),
            ]
        await scorer.close()
    assert model.asked[0].body["thoughts"][0] == {"problem": "p", "reasoning": "short"}


def test_a_local_model_needs_a_name() -> None:
    with pytest.raises(ConfigurationError, match="PROCTOR_THINKING_MODEL"):
        make_scorer(Settings(thinking_provider="transformers"))


def test_the_route_of_sglang_that_takes_a_softmax_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no raw score"):
        make_scorer(Settings(thinking_provider="sglang", thinking_url="http://h/v1/classify"))


async def test_http_asks_once_for_each_thought_where_the_template_says_so(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text('{"prompt": "Judge: {reasoning}", "of": ["{problem}", 3, true, null], "m": "{model}"}')
    named: dict[str, Any] = {"thinking_request": str(file), "thinking_path": "$['result'].scores[-1]"}

    def answer(asked: Asked) -> Any:
        return 200, {"result": {"scores": [9, int(asked.body["prompt"][-1]) / 10]}}

    with serve(answer) as model:
        scorer = make_scorer(Settings(thinking_provider="http", thinking_url=model.url + "/x", **named))
        assert scorer is not None
        scores = await asyncio.gather(*map(scorer.score, numbered(4)))
        await scorer.close()
    assert [score.value for score in scores] == [0.0, 0.1, 0.2, 0.3]
    assert len(model.asked) == 4
    body = min((asked.body for asked in model.asked), key=str)
    assert body == {"prompt": "Judge: reasoning 0", "of": ["problem 0", 3, True, None], "m": None}


async def test_a_reranker_answers_best_first_and_says_whose_it_is() -> None:
    """llama.cpp's `/v1/rerank`: the order of its answer is not the inputs'."""
    request = '{"query": "Sound?", "documents": [{"$each": "{text}"}]}'

    def rerank(asked: Asked) -> Any:
        found = [
            {"index": place, "relevance_score": int(text[-1]) / 10}
            for place, text in enumerate(asked.body["documents"])
        ]
        return 200, {"results": sorted(found, key=lambda one: -one["relevance_score"])}

    with serve(rerank) as model:
        named: dict[str, Any] = {"thinking_request": request, "thinking_path": "$.results[*].relevance_score"}
        scorer = make_scorer(Settings(thinking_provider="http", thinking_url=model.url + "/v1/rerank", **named))
        assert scorer is not None
        scores = await asyncio.gather(*map(scorer.score, numbered(8)))
        await scorer.close()
    assert [score.value for score in scores] == [place / 10 for place in range(8)]
    assert len(model.asked) == 1


@pytest.mark.parametrize("indices", [[0, 0], [1, 2], [-1, 0], [0, None], [True, False], ["0", "1"], [0, 10**30]])
def test_scores_of_nobody_knows_whom_are_an_error(indices: list[Any]) -> None:
    with pytest.raises(ThinkingUnavailable, match="index"):
        JsonPath("$[*].s").find([{"index": index, "s": 0.5} for index in indices])


@pytest.mark.parametrize(
    "answer", [{}, {"scores": 3}, {"scores": []}, {"scores": [0.1, 0.2]}, {"scores": [[0.1]]}, [], 1]
)
async def test_an_answer_without_one_score_a_thought_is_an_error(answer: Any) -> None:
    (given,), _ = await score("http", lambda _: answer, numbered(1))
    assert isinstance(given, ThinkingUnavailable)


@pytest.mark.parametrize(
    "named",
    [
        {"thinking_path": "scores"},
        {"thinking_path": "$..scores"},
        {"thinking_path": "$.scores[?(@.x)]"},
        {"thinking_path": "$.scores[0:2]"},
        {"thinking_request": "{"},
        {"thinking_request": "/absent"},
        {"thinking_request": '{"a": "{problem}"}'},
    ],
)
def test_a_request_or_path_that_cannot_work_is_refused(named: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"PROCTOR_THINKING_(PATH|REQUEST)"):
        make_scorer(Settings(thinking_provider="http", thinking_url="http://h", **named))
