"""The reading half of the codec: see codec.py for what a value looks like. It believes nothing."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import struct
import sys
import uuid
from collections.abc import Callable
from typing import Any

from . import arrays, standard, tables
from .builtin_names import TYPES
from .codec_errors import Malformed, TooLarge
from .depth import DEPTH_MAX
from .kinds import distinct, hashable

NODES_MAX = 8_000_000
EXPONENT_MAX = 100_000

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")
_U64 = struct.Struct("<Q")


class Reader:
    """Decodes one message. Raises Malformed, TooLarge.

    resolve: called with (reader, tag) for tags of the conversation; entries: the containers that both sides know
    already, by number; first: the number of the next one; builtins_allowed: the tests' end takes only types.
    at, depth: where to start, and within how many containers.
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
        depth: int = 0,
    ) -> None:
        self.data = data
        self.at = at
        self.mutables: list[Any] = []  # the containers that are new
        self._shared = entries if entries is not None else {}
        self._first = first
        self._resolve = resolve
        self._builtins = builtins_allowed
        self._depth = depth
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
        start = self.at + 4
        end = start + self.count()
        data = self.data[start:end]
        if len(data) != end - start:
            raise Malformed("a length beyond the end")
        self.at = end
        return data

    def text(self) -> str:
        """A str."""
        try:
            return self.chunk().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise Malformed("text that is not UTF-8") from None

    def count(self) -> int:
        """A u32."""
        try:
            (value,) = _U32.unpack_from(self.data, self.at)
        except struct.error:
            raise Malformed("a number is cut short") from None
        self.at += 4
        return int(value)

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
        if not count:
            return
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


def _r_list(r: Reader) -> list:
    out: list = r.remember([])
    r.fill(out)
    return out


def _r_tuple(r: Reader) -> tuple:
    out: list = []
    r.fill(out)
    return tuple(out)


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
    items = hashable(r.items())
    out.update(items)
    distinct(len(out), items)
    return out


def _r_frozenset(r: Reader) -> frozenset:
    items = hashable(r.items())
    out = frozenset(items)
    distinct(len(out), items)
    return out


def _r_mapping(make: Callable[[], Any]) -> Callable[[Reader], Any]:
    def read(r: Reader) -> Any:
        return _fill_mapping(r, r.remember(make()))

    return read


def _fill_mapping(r: Reader, out: Any) -> Any:
    flat = r.items()
    if len(flat) % 2:
        raise Malformed("a key without a value")
    keys = hashable(flat[::2])
    for key, value in zip(keys, flat[1::2], strict=True):
        dict.__setitem__(out, key, value)
    distinct(len(out), keys)
    return out


def _r_ordered(r: Reader) -> Any:
    out = r.remember(collections.OrderedDict())
    flat = r.items()
    if len(flat) % 2:
        raise Malformed("a key without a value")
    keys = hashable(flat[::2])
    out.update(zip(keys, flat[1::2], strict=True))
    distinct(len(out), keys)
    return out


def _r_defaultdict(r: Reader) -> Any:
    name = r.text()
    factory = TYPES.get(name)
    return _fill_mapping(r, r.remember(collections.defaultdict(factory)))


def _r_made_by(r: Reader) -> Any:
    out = r.remember(collections.defaultdict())
    factory = r.read()
    out.default_factory = factory if callable(factory) else None
    return _fill_mapping(r, out)


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
    **standard.FIELDS,
}


def _r_view(r: Reader) -> Any:
    kind, values = r.text(), r.items()
    if kind == "keys":
        return dict.fromkeys(hashable(values)).keys()
    if kind == "values":
        return dict(enumerate(values)).values()
    if kind == "items" and all(type(v) is tuple and len(v) == 2 for v in values):
        hashable([v[0] for v in values])
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
        "t": _r_tuple,
        "S": _r_set,
        "Z": _r_frozenset,
        "q": _r_packed("q", list, True),
        "Q": _r_packed("q", tuple, False),
        "d": _r_packed("d", list, True),
        "D": _r_packed("d", tuple, False),
        "m": _r_mapping(dict),
        "O": _r_ordered,
        "C": _r_mapping(collections.Counter),
        "u": _r_defaultdict,
        "U": _r_made_by,
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
        "p": tables.read,
        "E": standard.read_namespace,
        "Y": standard.read_array,
        "B": _r_builtin,
        "R": _r_known,
    }.items()
}
