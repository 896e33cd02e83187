"""The tests' end of a candidate in another language: `function` tests, whose arguments and results cross as JSON.

A driver in the candidate's process (pair/javascript, pair/java, pair/cpp) reads requests and answers them over the same
frames as Python's candidates, a JSON object each (see pair/javascript/wire.js, candidate.js). It never gets an expected
value: what comes back is decoded here and compared here, by the rules of every language (compare.py).

Numbers have no further types across languages: 1, 1.0 and a big integer 1 are equal, `strict` means `json`. What a
language has and Python has not (undefined, a Map, a character) arrives as what JSON would make of it; an empty list or
tree of nodes as one that equals [] and null.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from . import frames
from .compare import NO_NODE
from .function import revive

SAFE = 1 << 53
"""Integers beyond it are not exact in JSON numbers of every language: they cross as text."""

DEPTH_MAX = 200
_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}
_INTEGER = re.compile(r"-?[0-9]{1,1000000}", re.ASCII)


class CannotSend(Exception):
    """An argument of the tests that no other language has."""


class Malformed(Exception):
    """What is no encoded value."""


class Opaque:
    """A value of the candidate's that is no data: equal to nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


class CandidateError(Exception):
    """What the candidate threw."""

    _proctor_candidate = True


class ForeignLink:
    """The conversation with a driver. gone, tampered: as for `link.Link`, they never return."""

    def __init__(self, sock: socket.socket, *, gone: Callable[[], Any], tampered: Callable[[str], Any]) -> None:
        self._frames, self._gone, self._tampered = frames.Frames(sock), gone, tampered

    def loaded(self) -> None:
        """Wait until the code is loaded. Raises CandidateError."""
        self._answer()

    def ask(self, _operation: str, path: str, args: tuple, _kwargs: object, result: str) -> Any:
        """Call the entry point `path`; its result, or argument `argN` after the call. Raises CandidateError."""
        request = {"op": "entry", "path": path, "args": [encode(value) for value in args], "result": result}
        try:
            self._frames.send(json.dumps(request).encode("ascii"))
        except frames.Gone:
            self._gone()
        return self._answer()

    def end(self) -> None:
        """Say goodbye."""
        try:
            self._frames.send(b'{"op":"bye"}')
        except frames.Gone:
            pass

    def _answer(self) -> Any:
        try:
            answer = json.loads(self._frames.receive())
        except frames.Gone:
            return self._gone()
        except (frames.Oversized, ValueError, RecursionError):
            return self._tampered("a frame that is none")
        try:
            return _value(answer)
        except Malformed as error:
            return self._tampered(str(error))


def _value(answer: Any) -> Any:
    if type(answer) is not dict:
        raise Malformed("an answer that is none")
    if "ok" in answer:
        return decode(answer["ok"])
    if "cannot" in answer:
        return Opaque(f"a value that cannot be sent: {_short(answer['cannot'])}")
    if "raise" in answer:
        raise CandidateError(_told(answer["raise"]))
    raise Malformed("an answer that is none")


def _told(raised: Any) -> str:
    match raised:
        case {"e": [name, message, *_]}:
            return f"{_short(name)}: {_short(message)}"
        case _:
            return _short(json.dumps(raised))


def _short(value: object) -> str:
    return str(value)[:300]


def check(tests: dict) -> str | None:
    """What other languages lack of what the tests give; None where they can be run."""
    for number, case in enumerate(tests["cases"]):
        if case.get("kwargs"):
            return f"case {number}: keyword arguments are Python's alone"
        try:
            encode(revive(case.get("args") or []))
        except CannotSend as error:
            return f"case {number}: {error}"
    return None


def encode(value: Any) -> Any:
    """A value of the tests as JSON data. Raises CannotSend."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if abs(value) <= SAFE else {"b": str(value)}
    if type(value) is float:
        return _float(value)
    if type(value) in (list, tuple):
        return [encode(item) for item in value]
    if type(value) in (set, frozenset):
        return {"s": [encode(item) for item in sorted(value, key=repr)]}
    if type(value) is dict:
        pairs = [[encode(k), encode(v)] for k, v in value.items()]
        return {"o" if all(type(k) is str for k in value) else "m": pairs}
    if type(value) is bytes:
        return {"a": ["Uint8Array", list(value)]}
    raise CannotSend(f"a {type(value).__name__} cannot be sent to another language")


def _float(value: float) -> Any:
    if value != value:
        return {"n": "NaN"}
    if value in (float("inf"), float("-inf")):
        return {"n": "Infinity" if value > 0 else "-Infinity"}
    return {"n": "-0"} if value == 0 and str(value).startswith("-") else value


def decode(data: Any) -> Any:
    """JSON data of a driver as a value; what is no data, or nested too deeply, is `Opaque`. Raises Malformed."""
    try:
        return _decode(data, 0)
    except (_TooDeep, RecursionError):
        return Opaque("a value that is nested too deeply")


class _TooDeep(Exception):
    """More than DEPTH_MAX levels."""


def _decode(data: Any, depth: int) -> Any:
    if type(data) is list:
        return [_decode(item, _deeper(depth)) for item in data]
    if type(data) is not dict:
        return data
    if len(data) != 1:
        raise Malformed("a tag without meaning")
    ((tag, content),) = data.items()
    reader = _READERS.get(tag)
    if reader is None:
        raise Malformed("a tag without meaning")
    try:
        return reader(content, _deeper(depth))
    except (TypeError, KeyError, IndexError, ValueError, OverflowError):
        raise Malformed(f"a value of tag {tag} that is none") from None


def _deeper(depth: int) -> int:
    if depth >= DEPTH_MAX:
        raise _TooDeep
    return depth + 1


def _integer(content: Any, _depth: int) -> int:
    if type(content) is not str or not _INTEGER.fullmatch(content):
        raise Malformed("an integer that is none")
    return int(content)


def _mapping(content: Any, depth: int) -> Any:
    pairs = [(_frozen(_decode(key, depth)), _decode(value, depth)) for key, value in content]
    return dict(pairs)


def _set(content: Any, depth: int) -> Any:
    return {_frozen(_decode(item, depth)) for item in content}


def _frozen(value: Any) -> Any:
    """What a set or a dict can hold in place of a list, a set or a dict."""
    if type(value) is list:
        return tuple(map(_frozen, value))
    if type(value) is set:
        return frozenset(value)
    return Opaque("object") if type(value) is dict else value


def _date(content: Any, depth: int) -> Any:
    """A Date as JSON.stringify has it."""
    milliseconds = _decode(content, depth)
    if milliseconds != milliseconds:
        return None
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=int(milliseconds))
    return moment.isoformat(timespec="milliseconds") + "Z"


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "u": lambda _content, _depth: None,
    "n": lambda content, _depth: _NUMBERS[content],
    "b": _integer,
    "o": _mapping,
    "m": _mapping,
    "s": _set,
    "a": lambda content, depth: _decode(content[1], depth),
    "d": _date,
    "x": lambda content, _depth: Opaque("RegExp"),
    "e": lambda content, _depth: Opaque("Error"),
    "r": lambda content, _depth: Opaque("object"),
    "z": lambda _content, _depth: NO_NODE,
}
