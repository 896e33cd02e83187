"""A local model: `proctor thinking server`, or one in this very process.

With a URL: `POST /score {"thoughts": [{"problem", "reasoning"}]}` → `{"model", "scores": [{"index", "score",
"truncated"}]}` (proctor/thinking/local/server.py). Without one the model that PROCTOR_THINKING_MODEL names is loaded
here, at the start. The model's own chat template joins the two, and what is longer than its window loses the beginning
of the reasoning; such a score carries the flag `thinking_truncated`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from proctor.thinking.endpoint import Endpoint, in_order, members
from proctor.thinking.local.engine import TRUNCATED, Engine
from proctor.thinking.text import encodable
from proctor.thinking.types import Marked, NormalizeName, ThinkingFailed, Thought


class ServerProvider:
    """Raw scores of `proctor thinking server`."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = None
    asks = "/score"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`."""
        body = [{"problem": encodable(t.problem), "reasoning": encodable(t.reasoning)} for t in thoughts]
        answer = await self._endpoint.post(self.asks, {"thoughts": body})
        return [_value(item) for item in in_order(members(answer, "scores", len(thoughts)))]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()


class InProcessProvider:
    """Raw scores of a model in this process."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = None
    asks = "in process"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`."""
        return await self._engine.score(thoughts)

    async def close(self) -> None:
        """See `Provider.close`."""
        await asyncio.to_thread(self._engine.close)


def _value(item: dict[str, Any]) -> float:
    if "score" not in item:
        raise ThinkingFailed("an answer without a score")
    value: float = item["score"]
    return Marked(value, (TRUNCATED,)) if item.get("truncated") is True and isinstance(value, float) else value
