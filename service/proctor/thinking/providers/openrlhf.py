"""OpenRLHF's `serve_rm`: `POST /get_reward`.

`{"query": [text], "prompts": [problem]}` → `{"rewards": [x], "scores": [x], …}` (openrlhf/cli/serve_rm.py); `rewards`
is read, a number or a list of one for each query. A URL that ends in `/get_reward` is taken as it is.
"""

from __future__ import annotations

from typing import Any

from proctor.thinking.endpoint import Endpoint, members
from proctor.thinking.text import join, plain
from proctor.thinking.types import NormalizeName, Thought

PATH = "/get_reward"


class OpenRlhfProvider:
    """Raw values of a reward model."""

    normalize: NormalizeName = "sigmoid"
    most: int | None = None
    asks = "/get_reward"

    def __init__(self, endpoint: Endpoint, template: str) -> None:
        self._endpoint = endpoint
        self._template = template
        self._path = "" if endpoint.base.endswith(PATH) else PATH

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`."""
        body = {
            "query": [join(self._template, t) for t in thoughts],
            "prompts": [plain(t.problem) for t in thoughts],
        }
        answer = await self._endpoint.post(self._path, body)
        return [_value(item) for item in members(answer, "rewards", len(thoughts))]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()


def _value(item: Any) -> float:
    value: float = item[0] if isinstance(item, list) and len(item) == 1 else item
    return value
