"""LiveCodeBench (livecodebench/code_generation_lite): `public_test_cases`, `private_test_cases`, `metadata`.

Both test fields are JSON lists of `{"input", "output", "testtype": "stdin" | "functional"}`; the private ones may
instead be base64 of zlib of a pickle of that JSON. The pickle is not loaded: it must be exactly one string, and its
few opcodes are read by hand. What it unpacks to is bounded. A call's input has one JSON value a line, and its name
is `metadata.func_name`.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

from proctor.judge.datasets.case_lists import read_cases
from proctor.judge.datasets.row import Path, RowFault, RowTests, embedded_json, expect, optional

UNPACKED_MOST = 512 << 20  # bytes

_PROTO, _FRAME, _STOP = 0x80, 0x95, 0x2E
_STRINGS = {0x8C: 1, 0x58: 4, 0x8D: 8}  # SHORT_BINUNICODE, BINUNICODE, BINUNICODE8: bytes of length
_MEMOS = {0x94: 0, 0x71: 1, 0x72: 4}  # MEMOIZE, BINPUT, LONG_BINPUT: bytes of argument


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    metadata = optional(row, "metadata", (str, dict)) or {}
    if isinstance(metadata, str):
        metadata = expect(embedded_json(metadata, ("metadata",)) if metadata.strip() else {}, dict, ("metadata",))
    public = _cases(optional(row, "public_test_cases", (str, list)), ("public_test_cases",))
    private = _cases(optional(row, "private_test_cases", (str, list)), ("private_test_cases",))
    return _both(
        public,
        private,
        name=optional(metadata, "func_name", str, ("metadata",)),
        starter=optional(row, "starter_code", str),
        problem=optional(row, "question_content", str),
    )


def unpack(text: str, path: Path, most: int = UNPACKED_MOST) -> str:
    """The string within base64 of zlib of a pickle. Raises RowFault."""
    try:
        packed = base64.b64decode(text.encode("ascii"), validate=True)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, most)
    except (binascii.Error, UnicodeEncodeError, ValueError, zlib.error) as error:
        raise RowFault(path, f"neither JSON nor base64 of zlib: {error}") from None
    if unpacker.unconsumed_tail:
        raise RowFault(path, f"this unpacks to more than {most} bytes")
    if not unpacker.eof:
        raise RowFault(path, "the zlib data are cut short")
    return _pickled_string(data, path)


def _both(public: list[Any], private: list[Any], **about: Any) -> RowTests:
    """Public and private cases as one list; a fault points to the field that it is in."""
    try:
        return read_cases([*public, *private], (), **about)
    except RowFault as fault:
        if not fault.path or not isinstance(fault.path[0], int):
            raise RowFault(("private_test_cases", *fault.path), fault.detail) from None
        place, rest = fault.path[0], fault.path[1:]
        if place < len(public):
            raise RowFault(("public_test_cases", place, *rest), fault.detail) from None
        raise RowFault(("private_test_cases", place - len(public), *rest), fault.detail) from None


def _cases(value: str | list[Any] | None, path: Path) -> list[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        text = value if value.lstrip()[:1] in ("[", "{", '"', "n") else unpack(value, path)
        value = embedded_json(text, path) or []
    cases: list[Any] = expect(value, list, path)
    return cases


def _pickled_string(data: bytes, path: Path) -> str:
    """The one string of a pickle of protocol 2 to 5 that holds nothing else. Raises RowFault."""
    view, at, text = memoryview(data), 0, None
    while at < len(view):
        code, at = view[at], at + 1
        if code == _PROTO:
            at += 1
        elif code == _FRAME:
            at += 8
        elif code in _STRINGS and text is None:
            width = _STRINGS[code]
            length = int.from_bytes(view[at : at + width], "little")
            start = at + width
            at = start + length
            if at > len(view):
                break
            text = _decoded(view[start:at], path)
        elif code in _MEMOS and text is not None:
            at += _MEMOS[code]
        elif code == _STOP and text is not None and at == len(view):
            return text
        else:
            break
    raise RowFault(path, "the pickle holds something else than exactly one string: it is not loaded")


def _decoded(raw: memoryview, path: Path) -> str:
    try:
        return str(raw, "utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise RowFault(path, f"the pickled string is not UTF-8: {error}") from None
