"""A server of one's own: one call, JSON both ways, at exactly the URL that the settings name.

`{"model", "inputs": [{"problem", "reasoning", "text"}]}` → `{"scores": [x]}`, one per input, same order, in [0, 1]
unless PROCTOR_THINKING_NORMALIZE says otherwise. `text` is the two joined by the template.
"""

from __future__ import annotations

from typing import Any

from proctor.thinking.endpoint import Endpoint, members
from proctor.thinking.text import encodable, join
from proctor.thinking.types import NormalizeName, Thought


class HttpProvider:
    """Scores as the server gives them."""

    normalize: NormalizeName = "identity"
    most: int | None = None

    def __init__(self, endpoint: Endpoint, model: str | None, template: str) -> None:
        self._endpoint = endpoint
        self._model = model
        self._template = template

    async def score(self, thoughts: list[Thought]) -> list[float]:
        """See `Provider.score`."""
        inputs = [
            {
                "problem": encodable(t.problem),
                "reasoning": encodable(t.reasoning),
                "text": join(self._template, t),
            }
            for t in thoughts
        ]
        body: dict[str, Any] = {"model": self._model, "inputs": inputs}
        return members(await self._endpoint.post("", body), "scores", len(thoughts))

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()
