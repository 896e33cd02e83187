"""One recorded server for each route that a provider can ask: what it is asked, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Logit = Callable[[str], float]
ProviderName = Literal["vllm", "sglang", "tei", "openrlhf", "openai", "http", "transformers"]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@dataclass(frozen=True)
class Recorded:
    """answer: the JSON for a body, given a raw score for each text. request, response: the package's models."""

    name: str
    provider: ProviderName
    path: str
    answer: Callable[[dict[str, Any], Logit], Any]
    url: str = ""
    package: str = ""
    request: str = ""
    response: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    expected: Callable[[float], float] = sigmoid


#: All three servers have these.
USAGE = {"prompt_tokens": 9, "total_tokens": 9, "completion_tokens": 0}


def vllm(kind: str, one: Callable[[float], dict[str, Any]], name: str = "input") -> Callable[..., Any]:
    def answer(body: dict[str, Any], logit: Logit) -> Any:
        data = [{"index": i, **one(logit(text))} for i, text in enumerate(body[name])]
        return {
            "id": f"{kind}-1",
            "object": "list",
            "created": 1,
            "model": body["model"],
            "data": data,
            "usage": USAGE,
        }

    return answer


def classification(x: float) -> dict[str, Any]:
    return {"label": "LABEL_0", "probs": [x], "num_classes": 1}


def sglang_classify(body: dict[str, Any], logit: Logit) -> Any:
    meta = {"id": "a", "finish_reason": {"type": "length", "length": 0}, "prompt_tokens": 3, "e2e_latency": 0.01}
    return [{"embedding": [logit(text)], "meta_info": meta} for text in body["text"]]


def sglang_embeddings(body: dict[str, Any], logit: Logit) -> Any:
    data = [{"embedding": [logit(t)], "index": i, "object": "embedding"} for i, t in enumerate(body["input"])]
    return {"data": data, "model": body["model"], "object": "list", "usage": USAGE}


def tei(body: dict[str, Any], logit: Logit) -> Any:
    return [[{"score": logit(text), "label": "LABEL_0"}] for (text,) in body["inputs"]]


def openrlhf(body: dict[str, Any], logit: Logit) -> Any:
    rewards = [logit(text) for text in body["query"]]
    return {"rewards": rewards, "scores": rewards, "extra_logs": {"dummy_scores": rewards}}


def chat(message: dict[str, Any], logprobs: Any = None) -> Any:
    full = {"role": "assistant", "refusal": None, "annotations": [], **message}
    choice = {"index": 0, "message": full, "logprobs": logprobs, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


def judge(body: dict[str, Any], logit: Logit) -> Any:
    mark = int(logit(body["messages"][1]["content"]))
    marks = dict.fromkeys(body["response_format"]["json_schema"]["schema"]["required"], mark)
    return chat({"content": str(marks).replace("'", '"')})


def digits(body: dict[str, Any], logit: Logit) -> Any:
    mark = int(logit(body["messages"][1]["content"]))
    listed = [{"token": str(mark + i), "logprob": math.log(0.5), "bytes": [48 + mark + i]} for i in range(2)]
    return chat({"content": str(mark)}, {"content": [{**listed[0], "top_logprobs": listed}], "refusal": None})


def by_digits(k: float) -> float:
    floor = math.exp(-10)
    weights = [0.5 if digit in (k, k + 1) else floor for digit in range(10)]
    return sum(d * w for d, w in enumerate(weights)) / sum(weights) / 9


def local(body: dict[str, Any], logit: Logit) -> Any:
    texts = [item["reasoning"] for item in body["thoughts"]]
    return {"model": "m", "scores": [{"index": i, "score": logit(t), "truncated": False} for i, t in enumerate(texts)]}


def own(body: dict[str, Any], logit: Logit) -> Any:
    return {"scores": [logit(item["reasoning"]) / 10 for item in body["inputs"]]}


RECORDED = [
    Recorded(
        "vllm /classify",
        "vllm",
        "/classify",
        vllm("classify", classification),
        package="vllm",
        request="ClassificationCompletionRequest",
        response="ClassificationResponse",
    ),
    Recorded(
        "vllm /pooling",
        "vllm",
        "/pooling",
        vllm("pool", lambda x: {"object": "pooling", "data": [x]}),
        url="/pooling",
        package="vllm",
        request="PoolingCompletionRequest",
        response="PoolingResponse",
    ),
    Recorded(
        "vllm /pooling of every token",
        "vllm",
        "/pooling",
        vllm("pool", lambda x: {"object": "pooling", "data": [[9.0], [-9.0], [x]]}),
        url="/pooling",
        package="vllm",
        request="PoolingCompletionRequest",
        response="PoolingResponse",
    ),
    Recorded(
        "vllm /score",
        "vllm",
        "/score",
        vllm("embd", lambda x: {"object": "score", "score": x}, "documents"),
        url="/score",
        package="vllm",
        request="ScoreQueriesDocumentsRequest",
        response="ScoreResponse",
    ),
    Recorded("sglang /classify", "sglang", "/classify", sglang_classify, package="sglang", request="EmbeddingReqInput"),
    Recorded(
        "sglang /v1/embeddings",
        "sglang",
        "/v1/embeddings",
        sglang_embeddings,
        url="/v1/embeddings",
        package="sglang",
        request="EmbeddingRequest",
        response="EmbeddingResponse",
    ),
    Recorded("tei", "tei", "/predict", tei),
    Recorded("openrlhf", "openrlhf", "/get_reward", openrlhf),
    Recorded(
        "openai schema",
        "openai",
        "/v1/chat/completions",
        judge,
        package="openai",
        request="CompletionCreateParamsBase",
        response="ChatCompletion",
        expected=lambda k: k / 10,
    ),
    Recorded(
        "openai logprobs",
        "openai",
        "/v1/chat/completions",
        digits,
        package="openai",
        request="CompletionCreateParamsBase",
        response="ChatCompletion",
        settings={"thinking_judge": "logprobs"},
        expected=by_digits,
    ),
    Recorded("transformers", "transformers", "/score", local),
    Recorded("http", "http", "/", own, expected=lambda k: k / 10),
    Recorded(
        "http with a template",
        "http",
        "/rank",
        lambda body, logit: {"out": {"hits": [{"s": logit(d) / 10} for d in body["docs"]]}},
        url="/rank",
        settings={
            "thinking_request": '{"q": "{problem}", "docs": [{"$each": "{reasoning}"}], "m": "{model}"}',
            "thinking_path": "$.out.hits[*].s",
        },
        expected=lambda k: k / 10,
    ),
]
