"""A message is a tuple (changes, forgotten, what, …). Most tell of no changes, and most answers are a number or a text.

What is written and read here is the codec's, byte for byte, by a shorter way: half of a call's cost was here.
"""

from __future__ import annotations

import builtins
import struct
from collections.abc import Sequence
from typing import Any, Final

from .encode import Writer

#: The candidate may put another in the place of the builtin, and what it says has still to be read.
len = builtins.len

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")
_FORGOTTEN = struct.Struct("<cq")
_LOW, _HIGH = -(1 << 63), (1 << 63) - 1
_FORGOTTEN_MAX = 7  # longer tuples of numbers are packed
_NONE = b"t" + _U32.pack(0)


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"s" + _U32.pack(len(data)) + data


_STARTS = tuple(b"t" + _U32.pack(count) + _NONE for count in range(16))
_ANSWER = _STARTS[4]
_OK = _text("ok")
_PLAIN = _ANSWER + _NONE + _OK
_TEXTS: dict[str, bytes] = {}
_TEXTS_MAX = 64

NOT_SHORT: Final = object()


def write(writer: Writer, changes: tuple, forgotten: Sequence[int], what: str, parts: Sequence[Any]) -> None:
    """Write the tuple (changes, tuple(forgotten), what, *parts). Raises CannotCross."""
    count = 3 + len(parts)
    if changes or len(forgotten) > _FORGOTTEN_MAX or count >= len(_STARTS):
        writer.write((changes, tuple(forgotten), what, *parts))
        return
    out = writer.out
    out += _STARTS[count]
    out += _numbers(forgotten) if forgotten else _NONE
    out += _TEXTS.get(what) or _known_text(what)
    writer.inside()
    for part in parts:
        writer.write(part)


def _numbers(forgotten: Sequence[int]) -> bytes:
    return b"t" + _U32.pack(len(forgotten)) + b"".join([_FORGOTTEN.pack(b"i", number) for number in forgotten])


def _known_text(what: str) -> bytes:
    text = _text(what)
    if len(_TEXTS) < _TEXTS_MAX:
        _TEXTS[what] = text
    return text


def short_answer(forgotten: Sequence[int], value: Any) -> bytes | None:
    """The message ((), tuple(forgotten), "ok", value); None where it is not short."""
    if len(forgotten) > _FORGOTTEN_MAX:
        return None
    kind = type(value)
    if value is None:
        data = b"N"
    elif kind is bool:
        data = b"T" if value else b"F"
    elif kind is int:
        if not _LOW <= value <= _HIGH:
            return None
        data = b"i" + _I64.pack(value)
    elif kind is str:
        data = _text(value)
    elif kind is float:
        data = b"f" + _F64.pack(value)
    else:
        return None
    return (_ANSWER + _numbers(forgotten) + _OK if forgotten else _PLAIN) + data


def plain_answer(message: bytes) -> tuple[list[int], int] | None:
    """Of an answer "ok" that tells of no changes: what is forgotten, and where the value starts. None: another one."""
    if message.startswith(_PLAIN):
        return [], len(_PLAIN)
    at = len(_ANSWER)
    if not message.startswith(_ANSWER) or message[at + 2 : at + 5] != b"\0\0\0" or message[at : at + 1] != b"t":
        return None
    at, count = at + 5, message[at + 1]
    end = at + count * _FORGOTTEN.size
    if (
        count > _FORGOTTEN_MAX
        or not message.startswith(_OK, end)
        or message[at : end : _FORGOTTEN.size] != b"i" * count
    ):
        return None
    return [number for _tag, number in _FORGOTTEN.iter_unpack(message[at:end])], end + len(_OK)


def short_value(message: bytes, at: int) -> Any:
    """The value at the end of a message, if it is a short one; NOT_SHORT for all others, malformed ones too."""
    tag, size = message[at : at + 1], len(message) - at
    if size == 1:
        return {b"N": None, b"T": True, b"F": False}.get(tag, NOT_SHORT)
    if size == 9 and tag == b"i":
        return _I64.unpack_from(message, at + 1)[0]
    if size == 9 and tag == b"f":
        return _F64.unpack_from(message, at + 1)[0]
    if tag == b"s" and size >= 5 and _U32.unpack_from(message, at + 1)[0] == size - 5:
        try:
            return message[at + 5 :].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return NOT_SHORT
    return NOT_SHORT
