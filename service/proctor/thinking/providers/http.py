"""A server of one's own: JSON both ways, at exactly the URL that the settings name.

Unless told otherwise `{"model", "inputs": [{"problem", "reasoning", "text"}]}` → `{"scores": [x]}`, one per input, same
order, in [0, 1] unless PROCTOR_THINKING_NORMALIZE says otherwise. `text` is the two joined by the template.

PROCTOR_THINKING_REQUEST is another body (JSON, or the path of a file that holds it). In its strings `{model}`,
`{problem}`, `{reasoning}` and `{text}` are filled in; `{"$each": X}` as a list's only item stands for one X per
thought. Without `$each` each thought is a call of its own. PROCTOR_THINKING_PATH says where in the answer the scores
are: `$.data[*].score`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from proctor.errors import ConfigurationError
from proctor.thinking.endpoint import Endpoint, counted
from proctor.thinking.jsonpath import JsonPath
from proctor.thinking.text import join, plain
from proctor.thinking.types import NormalizeName, Thought

REQUEST: dict[str, Any] = {
    "model": "{model}",
    "inputs": [{"$each": {"problem": "{problem}", "reasoning": "{reasoning}", "text": "{text}"}}],
}
PATH = "$.scores[*]"

_PLACE = re.compile(r"\{(model|problem|reasoning|text)\}")


class HttpProvider:
    """Scores as the server gives them."""

    normalize: NormalizeName = "identity"

    def __init__(self, endpoint: Endpoint, model: str | None, template: str, request: Any, path: JsonPath) -> None:
        self._endpoint = endpoint
        self._model = model
        self._template = template
        self._request = request
        self._path = path
        self.most: int | None = None if _has_each(request) else 1
        self.asks = f"{path}"

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`."""
        each = [
            {"problem": plain(t.problem), "reasoning": plain(t.reasoning), "text": join(self._template, t)}
            for t in thoughts
        ]
        body = fill(self._request, each[0], each, self._model)
        return counted(self._path.find(await self._endpoint.post("", body)), len(thoughts))

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()


def fill(shape: Any, texts: dict[str, str], each: list[dict[str, str]], model: str | None) -> Any:
    """`shape` with its placeholders filled from `texts`; a list's `$each` item comes once for each of `each`.

    A string that is `{model}` alone is null where there is no model.
    """
    if isinstance(shape, str):
        if shape == "{model}":
            return model
        return _PLACE.sub(lambda found: (model or "") if found[1] == "model" else texts[found[1]], shape)
    if isinstance(shape, dict):
        return {name: fill(value, texts, each, model) for name, value in shape.items()}
    if isinstance(shape, list):
        if len(shape) == 1 and isinstance(shape[0], dict) and set(shape[0]) == {"$each"}:
            return [fill(shape[0]["$each"], texts_of_one, each, model) for texts_of_one in each]
        return [fill(value, texts, each, model) for value in shape]
    return shape


def read_request(setting: str | None) -> Any:
    """The body that the setting names: JSON, or the path of a file of JSON. Raises ConfigurationError."""
    if setting is None:
        return REQUEST
    try:
        text = setting if setting.lstrip().startswith("{") else Path(setting).read_text("utf-8")
        shape = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"PROCTOR_THINKING_REQUEST: {error}") from None
    if not isinstance(shape, dict) or not re.search(r"\{(reasoning|text)\}", json.dumps(shape)):
        raise ConfigurationError("PROCTOR_THINKING_REQUEST must be a JSON object with {reasoning} or {text} in it")
    return shape


def _has_each(shape: Any) -> bool:
    if isinstance(shape, dict):
        return "$each" in shape or any(map(_has_each, shape.values()))
    return isinstance(shape, list) and any(map(_has_each, shape))
