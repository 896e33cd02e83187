"""Text Embeddings Inference's `/predict`, for a sequence-classification head with one label.

`{"inputs": [[text], …], "raw_scores": true}` → `[[{"score", "label"}], …]`; at most 32 inputs (413 above), 429 when
full. Without `raw_scores` TEI applies a sigmoid. What does not fit the model's window is cut (`truncate`).
"""

from __future__ import annotations

from typing import Any

from proctor.errors import ThinkingUnavailable
from proctor.thinking.endpoint import Endpoint, counted
from proctor.thinking.text import join
from proctor.thinking.types import NormalizeName, ThinkingFailed, Thought


class TeiProvider:
    """Raw logits of a one-label head."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = 32
    asks = "/predict"

    def __init__(self, endpoint: Endpoint, template: str) -> None:
        self._endpoint = endpoint
        self._template = template

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`."""
        body: dict[str, Any] = {
            "inputs": [[join(self._template, t)] for t in thoughts],
            "raw_scores": True,
            "truncate": True,
        }
        return [_logit(item) for item in counted(await self._endpoint.post("/predict", body), len(thoughts))]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()


def _logit(item: Any) -> float:
    labels = item if isinstance(item, list) else [item]
    if len(labels) != 1:
        raise ThinkingUnavailable("the model must have exactly one label: a reward head")
    if not isinstance(labels[0], dict) or "score" not in labels[0]:
        raise ThinkingFailed("an answer without a score")
    value: float = labels[0]["score"]
    return value
