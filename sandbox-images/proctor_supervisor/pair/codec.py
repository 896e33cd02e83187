"""Values as bytes between tests and candidate: strict, typed, bounded.

Plain data crosses by value, as exactly the type it has; everything else by reference, as a handle that the sender
keeps. The decoder believes nothing: every length is checked against what is there, depth and number of nodes are
capped, integers travel as bytes (no quadratic parsing), exponents are bounded, and a dict or set whose keys collide on
purpose is refused before it is built.

Mutable containers keep their identity: one that occurs twice is one object on the other side, and cycles work. That
also tells both ends which of them are which, so that changes made to them in place can travel (shared.py).

A value is one tag byte and what the tag says:

    N T F              None, True, False
    i I                int: 8 bytes; or u32 length and two's complement, both little-endian
    f c                float; complex
    s b y              str (UTF-8 with surrogates passed), bytes, bytearray
    l t S Z q Q d D    list, tuple, set, frozenset; list and tuple of int64; list and tuple of float
    m O u C            dict, OrderedDict, defaultdict (with the name of its factory), Counter
    e                  deque with its maxlen
    r L . !            range, slice, Ellipsis, NotImplemented
    x                  Decimal, Fraction, date, time, datetime, timedelta, timezone, UUID: kind and fields
    v                  a dict's keys, values or items view
    n a A              numpy scalar, array, array of objects
    p                  pandas Series, Index or DataFrame
    B                  a builtin, by name
    R                  a mutable container, by its number (see shared.py)
    < and so on        what `refer` and `resolve` make of everything else, see `Writer.foreign`
"""

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

from . import arrays
from .codec_errors import CannotCross as CannotCross
from .codec_errors import Malformed as Malformed
from .codec_errors import TooLarge as TooLarge

DEPTH_MAX = 1500
NODES_MAX = 8_000_000
EXPONENT_MAX = 100_000
ITEMS_BEFORE_COLLISIONS_COUNT = 512

#: Frames of the recursion that encoding and decoding may need at DEPTH_MAX.
FRAMES = 6 * DEPTH_MAX

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")
_U64 = struct.Struct("<Q")
_LOW, _HIGH = -(1 << 63), (1 << 63) - 1

#: Builtins that may cross by name towards the tests: types and exceptions, nothing that does things.
TYPES = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and not name.startswith("_") and name not in ("type", "super", "property", "memoryview")
}
#: Towards the candidate every public builtin may cross: it has them anyway.
FUNCTIONS = {name: value for name, value in vars(builtins).items() if callable(value) and not name.startswith("_")}


_BUILTIN_NAMES = {id(value): name for name, value in FUNCTIONS.items()}
_BUILTIN_NAMES[id(type(None))] = "NoneType"
TYPES["NoneType"] = FUNCTIONS["NoneType"] = type(None)


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
        elif not arrays.write_rare(self, value):
            self._foreign(self, value)

    def raw(self, tag: bytes, data: bytes) -> None:
        """Append a tag, a length and bytes."""
        self.out += tag
        self.out += _U32.pack(len(data))
        self.out += data

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
    if not w.known(v) and not _packed(w, v, b"qd"):
        w.out += b"l"
        w.items(v, len(v))


def _w_tuple(w: Writer, v: tuple) -> None:
    if not _packed(w, v, b"QD"):
        w.out += b"t"
        w.items(v, len(v))


def _packed(w: Writer, v: list | tuple, tags: bytes) -> bool:
    """Long runs of numbers travel packed."""
    if len(v) < 8:
        return False
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


def _pairs(v: Any) -> Any:
    for key, value in v.items():
        yield key
        yield value


def _w_dict(tag: bytes) -> Callable[[Writer, Any], None]:
    def write(w: Writer, v: Any) -> None:
        if not w.known(v):
            w.out += tag
            w.items(_pairs(v), 2 * len(v))

    return write


def _w_defaultdict(w: Writer, v: collections.defaultdict) -> None:
    if not w.known(v):
        factory = v.default_factory
        w.text(b"u", _BUILTIN_NAMES.get(id(factory), "") if factory is not None else "")
        w.items(_pairs(v), 2 * len(v))


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
    """Fields of a time or datetime; a zone of a foreign class crosses as its offset."""
    zone = v.tzinfo
    if zone is not None and type(zone) is not datetime.timezone:
        offset = v.utcoffset()
        zone = datetime.timezone(offset) if offset is not None else None
    return (v.hour, v.minute, v.second, v.microsecond, zone, v.fold)


def _w_view(kind: str) -> Callable[[Writer, Any], None]:
    def write(w: Writer, v: Any) -> None:
        w.text(b"v", kind)
        values = list(v)
        w.items(values, len(values))

    return write


def _w_builtin(w: Writer, v: Any) -> None:
    name = _BUILTIN_NAMES.get(id(v))
    if name is None or name not in w._builtins:
        w._foreign(w, v)
    else:
        w.text(b"B", name)


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


class Reader:
    """Decodes one message. Raises Malformed, TooLarge.

    resolve: called with (reader, tag) for tags of the conversation; entries: the containers that both sides know
    already, by number; first: the number of the next one; builtins_allowed: the tests' end takes only types.
    """

    def __init__(
        self,
        data: bytes,
        resolve: Callable[[Reader, int], Any],
        entries: dict[int, Any] | None = None,
        first: int = 0,
        *,
        builtins_allowed: dict[str, Any] = TYPES,
        at: int = 0,
    ) -> None:
        self.data = data
        self.at = at
        self.mutables: list[Any] = []  # the containers that are new
        self._shared = entries if entries is not None else {}
        self._first = first
        self._resolve = resolve
        self._builtins = builtins_allowed
        self._depth = 0
        self._nodes = 0

    def read(self) -> Any:
        """The next value."""
        try:
            tag = self.data[self.at]
        except IndexError:
            raise Malformed("a value is missing") from None
        self.at += 1
        handler = _READERS.get(tag)
        return handler(self) if handler is not None else self._resolve(self, tag)

    def end(self) -> None:
        """Nothing may follow."""
        if self.at != len(self.data):
            raise Malformed("bytes after the end")

    def chunk(self) -> bytes:
        """A length and that many bytes."""
        size = self.count()
        data = self.data[self.at : self.at + size]
        if len(data) != size:
            raise Malformed("a length beyond the end")
        self.at += size
        return data

    def text(self) -> str:
        """A str."""
        try:
            return self.chunk().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise Malformed("text that is not UTF-8") from None

    def count(self) -> int:
        """A u32."""
        return self._unpack(_U32)

    def int64(self) -> int:
        """An i64."""
        return self._unpack(_I64)

    def handle(self) -> int:
        """A u64: the number by which an object of the other end is known."""
        return self._unpack(_U64)

    def float64(self) -> float:
        """A double."""
        return self._unpack(_F64)

    def items(self) -> list[Any]:
        """A count and that many values."""
        out: list[Any] = []
        self.fill(out)
        return out

    def fill(self, out: list[Any]) -> None:
        """Append to `out` a count of values."""
        count = self.count()
        if count > len(self.data) - self.at:
            raise Malformed("more items than bytes")
        self._nodes += count
        if self._nodes > NODES_MAX:
            raise TooLarge(f"more than {NODES_MAX} values")
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise TooLarge(f"nested deeper than {DEPTH_MAX}")
        read, append = self.read, out.append
        for _ in range(count):
            append(read())
        self._depth -= 1

    def remember(self, value: Any) -> Any:
        """Number a mutable container before its content is read."""
        self.mutables.append(value)
        return value

    def _unpack(self, form: struct.Struct) -> Any:
        try:
            (value,) = form.unpack_from(self.data, self.at)
        except struct.error:
            raise Malformed("a number is cut short") from None
        self.at += form.size
        return value


def _hashable(keys: list[Any]) -> list[Any]:
    """Keys that may enter a dict or set: hashable, and not made to collide so that building it is slow."""
    try:
        hashes = list(map(hash, keys))
    except TypeError:
        raise Malformed("a key that cannot be hashed") from None
    if len(keys) > ITEMS_BEFORE_COLLISIONS_COUNT and len(set(hashes)) * 8 < len(keys):
        raise TooLarge("keys that collide")
    return keys


def _r_list(r: Reader) -> list:
    out: list = r.remember([])
    r.fill(out)
    return out


def _r_packed(code: str, make: type, remember: bool) -> Callable[[Reader], Any]:
    def read(r: Reader) -> Any:
        data = r.chunk()
        if len(data) % 8:
            raise Malformed("packed numbers that do not fit")
        value = make(struct.unpack(f"<{len(data) // 8}{code}", data))
        return r.remember(value) if remember else value

    return read


def _r_set(r: Reader) -> set:
    out: set = r.remember(set())
    out.update(_hashable(r.items()))
    return out


def _r_mapping(make: Callable[[], Any]) -> Callable[[Reader], Any]:
    def read(r: Reader) -> Any:
        return _fill_mapping(r, r.remember(make()))

    return read


def _fill_mapping(r: Reader, out: Any) -> Any:
    flat = r.items()
    if len(flat) % 2:
        raise Malformed("a key without a value")
    for key, value in zip(_hashable(flat[::2]), flat[1::2], strict=True):
        dict.__setitem__(out, key, value)
    return out


def _r_ordered(r: Reader) -> Any:
    out = r.remember(collections.OrderedDict())
    flat = r.items()
    if len(flat) % 2:
        raise Malformed("a key without a value")
    out.update(zip(_hashable(flat[::2]), flat[1::2], strict=True))
    return out


def _r_defaultdict(r: Reader) -> Any:
    name = r.text()
    factory = TYPES.get(name)
    return _fill_mapping(r, r.remember(collections.defaultdict(factory)))


def _r_deque(r: Reader) -> Any:
    maxlen = r.int64()
    out = r.remember(collections.deque(maxlen=maxlen if 0 <= maxlen < sys.maxsize else None))
    out.extend(r.items())
    return out


def _r_range(r: Reader) -> range:
    start, stop, step = (_integer(r.read()) for _ in range(3))
    if step == 0:
        raise Malformed("a range without step")
    return range(start, stop, step)


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise Malformed("not an integer")
    return value


def _r_fields(r: Reader) -> Any:
    kind, parts = r.text(), r.items()
    try:
        return _FIELDS[kind](*parts)
    except (KeyError, TypeError, ValueError, OverflowError, ArithmeticError, AttributeError) as error:
        raise Malformed(f"{kind}: {error}") from None


def _decimal(text: str) -> decimal.Decimal:
    value = decimal.Decimal(text)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and abs(exponent) > EXPONENT_MAX:
        raise TooLarge("a Decimal with a huge exponent")
    return value


def _fraction(numerator: int, denominator: int) -> fractions.Fraction:
    return fractions.Fraction(_integer(numerator), _integer(denominator))


def _time(hour: int, minute: int, second: int, micro: int, zone: Any, fold: int) -> datetime.time:
    return datetime.time(hour, minute, second, micro, zone, fold=fold)


def _datetime(
    year: int, month: int, day: int, hour: int, minute: int, second: int, micro: int, zone: Any, fold: int
) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, minute, second, micro, zone, fold=fold)


_FIELDS: dict[str, Callable[..., Any]] = {
    "decimal": _decimal,
    "fraction": _fraction,
    "date": datetime.date,
    "time": _time,
    "datetime": _datetime,
    "timedelta": datetime.timedelta,
    "timezone": lambda offset, name: datetime.timezone(offset, name) if offset else datetime.UTC,
    "uuid": lambda number: uuid.UUID(int=number),
}


def _r_view(r: Reader) -> Any:
    kind, values = r.text(), r.items()
    if kind == "keys":
        return dict.fromkeys(_hashable(values)).keys()
    if kind == "values":
        return dict(enumerate(values)).values()
    if kind == "items" and all(type(v) is tuple and len(v) == 2 for v in values):
        _hashable([v[0] for v in values])
        return dict(values).items()
    raise Malformed("a view of no dict")


def _r_builtin(r: Reader) -> Any:
    name = r.text()
    if name not in r._builtins:
        raise Malformed(f"no such builtin: {name[:40]}")
    return r._builtins[name]


def _r_known(r: Reader) -> Any:
    number = r.count()
    if number in r._shared:
        return r._shared[number]
    number -= r._first
    if not 0 <= number < len(r.mutables):
        raise Malformed("a container that is not there")
    return r.mutables[number]


def _r_slice(r: Reader) -> slice:
    return slice(r.read(), r.read(), r.read())


_READERS: dict[int, Callable[[Reader], Any]] = {
    ord(tag): handler
    for tag, handler in {
        "N": lambda r: None,
        "T": lambda r: True,
        "F": lambda r: False,
        "i": Reader.int64,
        "I": lambda r: int.from_bytes(r.chunk(), "little", signed=True),
        "f": Reader.float64,
        "c": lambda r: complex(r.float64(), r.float64()),
        "s": Reader.text,
        "b": Reader.chunk,
        "y": lambda r: r.remember(bytearray(r.chunk())),
        "l": _r_list,
        "t": lambda r: tuple(r.items()),
        "S": _r_set,
        "Z": lambda r: frozenset(_hashable(r.items())),
        "q": _r_packed("q", list, True),
        "Q": _r_packed("q", tuple, False),
        "d": _r_packed("d", list, True),
        "D": _r_packed("d", tuple, False),
        "m": _r_mapping(dict),
        "O": _r_ordered,
        "C": _r_mapping(collections.Counter),
        "u": _r_defaultdict,
        "e": _r_deque,
        "r": _r_range,
        "L": _r_slice,
        ".": lambda r: Ellipsis,
        "!": lambda r: NotImplemented,
        "x": _r_fields,
        "v": _r_view,
        "n": arrays.read_scalar,
        "a": arrays.read_array,
        "A": arrays.read_object_array,
        "p": arrays.read_pandas,
        "B": _r_builtin,
        "R": _r_known,
    }.items()
}


def content(value: Any) -> Any:
    """What a mutable container holds, as an immutable copy, one level deep."""
    if isinstance(value, dict):
        return tuple(_pairs(value))
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, (list, set, collections.deque)):
        return tuple(value)
    if hasattr(value, "__dict__"):
        return tuple(_pairs(vars(value)))  # a plain object of the tests
    return value.copy()  # an array


def replace_content(value: Any, new: Any) -> None:
    """Make `value`, in place, hold what `content` said of its twin. Raises Malformed."""
    try:
        if isinstance(value, dict):
            value.clear()
            for key, item in zip(_hashable(list(new[::2])), new[1::2], strict=True):
                value[key] = item
        elif isinstance(value, (list, bytearray)):
            value[:] = new
        elif isinstance(value, (set, collections.deque)):
            items = _hashable(list(new)) if isinstance(value, set) else new
            value.clear()
            value.update(items) if isinstance(value, set) else value.extend(items)
        elif hasattr(value, "__dict__"):
            vars(value).clear()
            vars(value).update(zip(map(str, new[::2]), new[1::2], strict=True))
        else:
            value[...] = new  # an array
    except (TypeError, ValueError) as error:
        raise Malformed(f"content that does not fit: {error}") from None
