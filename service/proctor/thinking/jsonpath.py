"""Where in an answer the scores are: the part of JSONPath (RFC 9535) that names one place, or one in every item.

`$`, `.name`, `['name']`, `[0]`, `[-1]`, `[*]`: nothing that searches, filters or slices.

Rerankers (`/v1/rerank` of llama.cpp, TEI, Jina, Cohere) answer best first and say by `index` whose score it is: where
every item of `[*]` has an `index`, that is their order.
"""

from __future__ import annotations

import re
from typing import Any

from proctor.errors import ConfigurationError, ThinkingUnavailable
from proctor.thinking.types import ThinkingFailed

_STEP = re.compile(r"\.([A-Za-z_\u0080-\uffff][\w-]*)|\[(-?\d+)\]|\[(\*)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_EVERY = object()


class JsonPath:
    """A parsed path. Raises ConfigurationError for one that says more than is understood."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._steps = list(_parse(path))

    def __str__(self) -> str:
        return self._path

    def find(self, data: Any) -> list[Any]:
        """The values at the path, in their inputs' order. Raises ThinkingFailed where one is missing, and
        ThinkingUnavailable where nobody can say whose they are."""
        found = [data]
        for step in self._steps:
            found = [value for item in found for value in _members(item, step)]
        return found


def _parse(path: str) -> list[Any]:
    steps: list[Any] = []
    at = 1
    if not path.startswith("$"):
        raise ConfigurationError(f"PROCTOR_THINKING_PATH: {path!r} does not begin with $")
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ConfigurationError(f"PROCTOR_THINKING_PATH: {path!r} cannot be read from {path[at:]!r} on")
        name, index, every, *quoted = step.groups()
        if index is not None:
            steps.append(int(index))
        elif every is not None:
            steps.append(_EVERY)
        else:
            steps.append(next(text for text in (name, *quoted) if text is not None))
        at = step.end()
    return steps


def _members(item: Any, step: Any) -> list[Any]:
    if step is _EVERY and isinstance(item, list):
        return _by_index(item)
    if isinstance(step, str) and isinstance(item, dict) and step in item:
        return [item[step]]
    if isinstance(step, int) and isinstance(item, list) and -len(item) <= step < len(item):
        return [item[step]]
    raise ThinkingFailed("an answer without a score at PROCTOR_THINKING_PATH")


def _by_index(items: list[Any]) -> list[Any]:
    """`items` by their `index`, as they stand where they have none. Raises ThinkingUnavailable for a hole or a twin."""
    if not any(isinstance(item, dict) and "index" in item for item in items):
        return items
    places = {item["index"]: item for item in items if isinstance(item, dict) and type(item.get("index")) is int}
    if sorted(places) != list(range(len(items))):
        raise ThinkingUnavailable("scores whose `index` is not that of the inputs")
    return [places[place] for place in range(len(items))]
