"""How a row's field holds its value: in place, as JSON in a string, or as LiveCodeBench's base64 of zlib of a pickle.

An encoding is named, so that a value can be put back as it was: "plain", "json" or "pickle", the latter two with the
spelling of the JSON. What no spelling here reproduces has no name, and the field is then kept word for word.
"""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from typing import Any

from proctor.judge.datasets.livecodebench import unpack

#: Name → how `json.dumps` spells it.
_SPELLINGS: dict[str, dict[str, Any]] = {
    "": {},
    "-compact": {"separators": (",", ":")},
    "-unicode": {"ensure_ascii": False},
    "-compact-unicode": {"separators": (",", ":"), "ensure_ascii": False},
}


def decode(value: Any) -> tuple[Any, str | None]:
    """The value that a field holds, and its encoding's name, None where it has none. Raises RowFault, ValueError."""
    if not isinstance(value, str):
        return value, "plain"
    text, kind = (value, "json") if value.lstrip()[:1] in ("[", "{") else (unpack(value, ()), "pickle")
    data = json.loads(text)
    spelling = next((name for name in _SPELLINGS if _spelled(data, name) == text), None)
    return data, None if spelling is None else kind + spelling


def encode(data: Any, encoding: str) -> Any:
    """`data` as a field of that encoding holds it."""
    if encoding == "plain":
        return data
    kind, dash, spelling = encoding.partition("-")
    text = _spelled(data, dash + spelling)
    if kind == "json":
        return text
    return base64.b64encode(zlib.compress(pickle.dumps(text, protocol=4))).decode("ascii")


def same(first: Any, second: Any) -> bool:
    """Whether two values are the same JSON, to the type of each number and the order of keys; NaN is NaN."""
    return json.dumps(first) == json.dumps(second)


def _spelled(data: Any, spelling: str) -> str:
    return json.dumps(data, **_SPELLINGS[spelling])
