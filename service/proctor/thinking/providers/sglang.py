"""SGLang's `/classify`, for a reward head of one label.

`{"text": [text]}` → `[{"embedding": [x]}]`, raw logits (sglang 0.5, srt/entrypoints/http_server.py). It is not
`/v1/classify`, which takes a softmax: one label's softmax is always 1.
"""

from __future__ import annotations

from typing import Any

from proctor.errors import ThinkingUnavailable
from proctor.thinking.endpoint import Endpoint, counted
from proctor.thinking.text import join
from proctor.thinking.types import NormalizeName, ThinkingFailed, Thought


class SglangProvider:
    """Raw logits of a one-label head."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = None

    def __init__(self, endpoint: Endpoint, model: str | None, template: str) -> None:
        self._endpoint = endpoint
        self._model = model
        self._template = template

    async def score(self, thoughts: list[Thought]) -> list[float]:
        """See `Provider.score`."""
        body: dict[str, Any] = {"text": [join(self._template, t) for t in thoughts]}
        if self._model is not None:
            body["model"] = self._model
        return [_logit(item) for item in counted(await self._endpoint.post("/classify", body), len(thoughts))]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()


def _logit(item: Any) -> float:
    if not isinstance(item, dict) or not isinstance(item.get("embedding"), list):
        raise ThinkingFailed("a score without `embedding`")
    if len(item["embedding"]) != 1:
        raise ThinkingUnavailable("the model must have exactly one label: a reward head")
    value: float = item["embedding"][0]
    return value
