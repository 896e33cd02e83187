"""vLLM's pooling routes, for a reward model (vllm 0.33, vllm/entrypoints/pooling/*/protocol.py).

/classify   `{"model", "input": [text]}` → `{"data": [{"index", "label", "probs": [x], "num_classes"}]}`
/pooling    `{"model", "input": [text]}` → `{"data": [{"index", "data": [x] or [[x], …]}]}`: of a head that scores
            every token (`--pooler-config.task token_classify`), the last token's score
/score      `{"model", "queries": [problem], "documents": [reasoning]}` → `{"data": [{"index", "score"}]}`: a
            cross-encoder, which joins the two itself

The route is the one that the URL ends in, else /classify. Each is asked with `use_activation: false`, without which
vLLM applies a sigmoid and the score is no logit any more, and with `truncate_prompt_tokens: -1` (the model's own
length), without which it refuses what is too long. Raw `input` is not put through the model's chat template; a
template file can hold it.
"""

from __future__ import annotations

from typing import Any

from proctor.errors import ThinkingUnavailable
from proctor.thinking.endpoint import Endpoint, in_order, members, route_of
from proctor.thinking.text import join, plain
from proctor.thinking.types import NormalizeName, ThinkingFailed, Thought

ROUTES = ("/classify", "/pooling", "/score")


class VllmProvider:
    """Raw logits of a one-label head."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = None

    def __init__(self, endpoint: Endpoint, model: str | None, template: str) -> None:
        self._endpoint = endpoint
        self._model = model
        self._template = template
        self.asks, self._path = route_of(endpoint.base, ROUTES)

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`."""
        body: dict[str, Any] = {**self._inputs(thoughts), "use_activation": False, "truncate_prompt_tokens": -1}
        if self._model is not None:
            body["model"] = self._model
        answer = await self._endpoint.post(self._path, body)
        read = {"/classify": _of_classify, "/pooling": _of_pooling, "/score": _of_score}[self.asks]
        return [read(item) for item in in_order(members(answer, "data", len(thoughts)))]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()

    def _inputs(self, thoughts: list[Thought]) -> dict[str, Any]:
        if self.asks == "/score":
            return {
                "queries": [plain(t.problem) for t in thoughts],
                "documents": [plain(t.reasoning) for t in thoughts],
            }
        return {"input": [join(self._template, t) for t in thoughts]}


def _of_classify(item: dict[str, Any]) -> float:
    return only(item.get("probs"))


def _of_pooling(item: dict[str, Any]) -> float:
    data = item.get("data")
    if isinstance(data, list) and data and isinstance(data[-1], list):
        return only(data[-1])
    return only(data)


def _of_score(item: dict[str, Any]) -> float:
    if "score" not in item:
        raise ThinkingFailed("an answer without a score")
    value: float = item["score"]
    return value


def only(values: Any) -> float:
    """The one value of a head with one label. Raises ThinkingUnavailable."""
    if not isinstance(values, list) or len(values) != 1:
        raise ThinkingUnavailable("the model must have exactly one label: a reward head")
    value: float = values[0]
    return value
