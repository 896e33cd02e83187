"""The writing half of the codec: see codec.py for what a value looks like."""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import fractions
import struct
import sys
import types
import uuid
from collections.abc import Callable
from typing import Any

from . import standard
from .builtin_names import FUNCTIONS, NAMES
from .codec_errors import CannotCross
from .depth import DEPTH_MAX
from .kinds import pairs

#: The candidate may put another in the place of the builtin, and what it says has still to be read.
len = builtins.len

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")
_LOW, _HIGH = -(1 << 63), (1 << 63) - 1
_PACKED_FROM = 8


class Writer:
    """Encodes one message.

    index: numbers, by id, of the mutable containers that both sides know already; first: the number of the next one.
    builtins_allowed: those that the other end takes by name.
    """

    def __init__(
        self,
        foreign: Callable[[Writer, Any], None],
        index: dict[int, int] | None = None,
        first: int = 0,
        *,
        builtins_allowed: dict[str, Any] = FUNCTIONS,
    ) -> None:
        self.out = bytearray()
        self.mutables: list[Any] = []  # the containers that are new
        self._foreign = foreign
        self._shared = index if index is not None else {}
        self._index: dict[int, int] = {}
        self._first = first
        self._builtins = builtins_allowed
        self._depth = 0

    def write(self, value: Any) -> None:
        """Append `value`. Raises CannotCross."""
        handler = _WRITERS.get(type(value))
        if handler is not None:
            handler(self, value)
        elif self._number(value) is not None:
            self._reference(value)
        elif not standard.write(self, value):
            self._foreign(self, value)

    def raw(self, tag: bytes, data: bytes) -> None:
        """Append a tag, a length and bytes."""
        self.out += tag
        self.out += _U32.pack(len(data))
        self.out += data

    def inside(self) -> None:
        """What follows is written as within a tuple."""
        self._depth += 1

    def text(self, tag: bytes, value: str) -> None:
        """Append a tag and a str."""
        self.raw(tag, value.encode("utf-8", "surrogatepass"))

    def known(self, value: Any) -> bool:
        """Whether `value` is a container of this message already; if so, refer to it. Else number it."""
        if self._number(value) is not None:
            self._reference(value)
            return True
        self._index[id(value)] = self._first + len(self.mutables)
        self.mutables.append(value)  # keeps it alive, so that its id stays its own
        return False

    def items(self, values: Any, count: int) -> None:
        """Append a count and that many values."""
        self.out += _U32.pack(count)
        if not count:
            return
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise CannotCross("nested too deeply")
        write = self.write
        written = 0
        for value in values:
            write(value)
            written += 1
        if written != count:
            raise CannotCross("a container that changes while it is read")
        self._depth -= 1

    def mark(self) -> tuple[int, int]:
        """Where the message stands, for `rewind`."""
        return len(self.out), len(self.mutables)

    def rewind(self, mark: tuple[int, int]) -> None:
        """Take back what was written since `mark`, after a CannotCross."""
        for value in self.mutables[mark[1] :]:
            del self._index[id(value)]
        del self.out[mark[0] :], self.mutables[mark[1] :]

    def _number(self, value: Any) -> int | None:
        number = self._shared.get(id(value))
        return self._index.get(id(value)) if number is None else number

    def _reference(self, value: Any) -> None:
        self.out += b"R"
        self.out += _U32.pack(self._number(value))


def _w_int(w: Writer, v: int) -> None:
    if _LOW <= v <= _HIGH:
        w.out += b"i"
        w.out += _I64.pack(v)
    else:
        w.raw(b"I", v.to_bytes(v.bit_length() // 8 + 1, "little", signed=True))


def _w_float(w: Writer, v: float) -> None:
    w.out += b"f"
    w.out += _F64.pack(v)


def _w_complex(w: Writer, v: complex) -> None:
    w.out += b"c"
    w.out += _F64.pack(v.real) + _F64.pack(v.imag)


def _w_list(w: Writer, v: list) -> None:
    if not w.known(v) and (len(v) < _PACKED_FROM or not _packed(w, v, b"qd")):
        w.out += b"l"
        w.items(v, len(v))


def _w_tuple(w: Writer, v: tuple) -> None:
    if len(v) < _PACKED_FROM or not _packed(w, v, b"QD"):
        w.out += b"t"
        w.items(v, len(v))


def _packed(w: Writer, v: list | tuple, tags: bytes) -> bool:
    """Long runs of numbers travel packed."""
    kinds = set(map(type, v))
    if kinds == {int}:
        try:
            data = struct.pack(f"<{len(v)}q", *v)
        except struct.error:
            return False
        w.raw(tags[:1], data)
        return True
    if kinds == {float}:
        w.raw(tags[1:], struct.pack(f"<{len(v)}d", *v))
        return True
    return False


def _w_set(w: Writer, v: set) -> None:
    if not w.known(v):
        w.out += b"S"
        w.items(v, len(v))


def _w_frozenset(w: Writer, v: frozenset) -> None:
    w.out += b"Z"
    w.items(v, len(v))


def _w_dict(tag: bytes) -> Callable[[Writer, Any], None]:
    def write(w: Writer, v: Any) -> None:
        if not w.known(v):
            w.out += tag
            w.items(pairs(v.items()), 2 * len(v))

    return write


def _w_defaultdict(w: Writer, v: collections.defaultdict) -> None:
    if not w.known(v):
        factory = v.default_factory
        name = NAMES.get(id(factory), "") if factory is not None else ""
        if name or factory is None or not _w_factory(w, factory):
            w.text(b"u", name)
        w.items(pairs(v.items()), 2 * len(v))


def _w_factory(w: Writer, factory: Any) -> bool:
    """A factory that is no builtin; whether it crosses."""
    mark = w.mark()
    try:
        w.out += b"U"
        w.write(factory)
    except CannotCross:
        w.rewind(mark)
        return False
    return True


def _w_deque(w: Writer, v: collections.deque) -> None:
    if not w.known(v):
        w.out += b"e"
        w.out += _I64.pack(-1 if v.maxlen is None else v.maxlen)
        w.items(v, len(v))


def _w_bytearray(w: Writer, v: bytearray) -> None:
    if not w.known(v):
        w.raw(b"y", bytes(v))


def _w_range(w: Writer, v: range) -> None:
    w.out += b"r"
    for part in (v.start, v.stop, v.step):
        w.write(part)


def _w_slice(w: Writer, v: slice) -> None:
    w.out += b"L"
    for part in (v.start, v.stop, v.step):
        w.write(part)


def _constant(tag: bytes) -> Callable[[Writer, Any], None]:
    def write(w: Writer, _value: Any) -> None:
        w.out += tag

    return write


def _fields(kind: str, take: Callable[[Any], tuple]) -> Callable[[Writer, Any], None]:
    def write(w: Writer, v: Any) -> None:
        w.text(b"x", kind)
        parts = take(v)
        w.items(parts, len(parts))

    return write


def _clock_fields(v: Any) -> tuple:
    """Fields of a time or datetime; a zone of a foreign class, or without a name, crosses as its offset."""
    zone = v.tzinfo
    if zone is not None and type(zone) is not datetime.timezone and not _is_named(zone):
        offset = v.utcoffset()
        zone = datetime.timezone(offset) if offset is not None else None
    return (v.hour, v.minute, v.second, v.microsecond, zone, v.fold)


def _is_named(zone: Any) -> bool:
    """Whether a time zone is the standard library's, and found by its name."""
    zoneinfo = sys.modules.get("zoneinfo")
    return zoneinfo is not None and type(zone) is zoneinfo.ZoneInfo and bool(zone.key)


def _w_view(kind: str) -> Callable[[Writer, Any], None]:
    def write(w: Writer, v: Any) -> None:
        w.text(b"v", kind)
        values = list(v)
        w.items(values, len(values))

    return write


def _w_builtin(w: Writer, v: Any) -> None:
    name = NAMES.get(id(v))
    if name is not None and name in w._builtins:
        w.text(b"B", name)
    elif not standard.write_class(w, v):
        w._foreign(w, v)


_WRITERS: dict[type, Callable[[Writer, Any], None]] = {
    type(None): _constant(b"N"),
    bool: lambda w, v: w.out.extend(b"T" if v else b"F"),
    int: _w_int,
    float: _w_float,
    complex: _w_complex,
    str: lambda w, v: w.text(b"s", v),
    bytes: lambda w, v: w.raw(b"b", v),
    bytearray: _w_bytearray,
    list: _w_list,
    tuple: _w_tuple,
    set: _w_set,
    frozenset: _w_frozenset,
    dict: _w_dict(b"m"),
    collections.OrderedDict: _w_dict(b"O"),
    collections.Counter: _w_dict(b"C"),
    collections.defaultdict: _w_defaultdict,
    collections.deque: _w_deque,
    range: _w_range,
    slice: _w_slice,
    type(Ellipsis): _constant(b"."),
    type(NotImplemented): _constant(b"!"),
    decimal.Decimal: _fields("decimal", lambda v: (str(v),)),
    fractions.Fraction: _fields("fraction", lambda v: (v.numerator, v.denominator)),
    datetime.date: _fields("date", lambda v: (v.year, v.month, v.day)),
    datetime.time: _fields("time", _clock_fields),
    datetime.datetime: _fields("datetime", lambda v: (v.year, v.month, v.day, *_clock_fields(v))),
    datetime.timedelta: _fields("timedelta", lambda v: (v.days, v.seconds, v.microseconds)),
    datetime.timezone: _fields("timezone", lambda v: (v.utcoffset(None), v.tzname(None))),
    uuid.UUID: _fields("uuid", lambda v: (v.int,)),
    type({}.keys()): _w_view("keys"),
    type({}.values()): _w_view("values"),
    type({}.items()): _w_view("items"),
    type: _w_builtin,
    types.BuiltinFunctionType: _w_builtin,
}
