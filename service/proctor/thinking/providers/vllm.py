"""vLLM's `/classify`, for a sequence-classification head with one label.

`{"model", "input": [text], "use_activation": false, "truncate_prompt_tokens": -1}` →
`{"data": [{"index", "label", "probs": [x], "num_classes"}]}` (vllm 0.33, vllm/entrypoints/pooling/base/protocol.py).
Without `use_activation: false` vLLM applies a sigmoid, and the score is no logit any more; without the -1 (the model's
own length) it refuses what is too long. Raw `input` is not put through the model's chat template; a template file can
hold it.
"""

from __future__ import annotations

from typing import Any

from proctor.errors import ThinkingUnavailable
from proctor.thinking.endpoint import Endpoint, in_order, members
from proctor.thinking.text import join
from proctor.thinking.types import NormalizeName, Thought


class VllmProvider:
    """Raw logits of a one-label head."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = None

    def __init__(self, endpoint: Endpoint, model: str | None, template: str) -> None:
        self._endpoint = endpoint
        self._model = model
        self._template = template

    async def score(self, thoughts: list[Thought]) -> list[float]:
        """See `Provider.score`."""
        body: dict[str, Any] = {
            "input": [join(self._template, t) for t in thoughts],
            "use_activation": False,
            "truncate_prompt_tokens": -1,
        }
        if self._model is not None:
            body["model"] = self._model
        answer = await self._endpoint.post("/classify", body)
        return [_logit(item) for item in in_order(members(answer, "data", len(thoughts)))]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()


def _logit(item: dict[str, Any]) -> float:
    probs = item.get("probs")
    if not isinstance(probs, list) or len(probs) != 1:
        raise ThinkingUnavailable("the model must have exactly one label: a reward head")
    value: float = probs[0]
    return value
