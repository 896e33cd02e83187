"""SGLang, for a reward head of one label (sglang 0.5.23, srt/entrypoints/http_server.py and openai/protocol.py).

/classify         `{"text": [text]}` → `[{"embedding": [x], "meta_info"}]`, raw logits
/v1/embeddings    `{"model", "input": [text]}` → `{"data": [{"embedding": [x], "index"}]}`, the same logits

The route is the one that the URL ends in, else /classify. Never /v1/classify, which takes a softmax: one label's
softmax is always 1.
"""

from __future__ import annotations

from typing import Any

from proctor.errors import ThinkingUnavailable
from proctor.thinking.endpoint import Endpoint, counted, in_order, members, route_of
from proctor.thinking.text import join
from proctor.thinking.types import NormalizeName, ThinkingFailed, Thought

ROUTES = ("/classify", "/v1/embeddings")


class SglangProvider:
    """Raw logits of a one-label head. Raises ConfigurationError for /v1/classify."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = None

    def __init__(self, endpoint: Endpoint, model: str | None, template: str) -> None:
        self._endpoint = endpoint
        self._model = model
        self._template = template
        self.asks, self._path = route_of(endpoint.base, ROUTES, never=("/v1/classify",))

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`."""
        texts = [join(self._template, t) for t in thoughts]
        if self.asks == "/classify":
            items = counted(await self._endpoint.post(self._path, {"text": texts}), len(thoughts))
        else:
            body: dict[str, Any] = {"input": texts, **({"model": self._model} if self._model else {})}
            items = members(await self._endpoint.post(self._path, body), "data", len(thoughts))
        return [_logit(item) for item in in_order(items)]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()


def _logit(item: dict[str, Any]) -> float:
    if not isinstance(item.get("embedding"), list):
        raise ThinkingFailed("a score without `embedding`")
    if len(item["embedding"]) != 1:
        raise ThinkingUnavailable("the model must have exactly one label: a reward head")
    value: float = item["embedding"][0]
    return value
