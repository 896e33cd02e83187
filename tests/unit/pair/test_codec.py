"""What crosses between tests and candidate arrives as it was sent, and bytes of nobody's do no harm."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import math
import struct
import sys
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor_supervisor.pair import codec, kinds


def refuse(writer: codec.Writer, value: Any) -> NoReturn:
    raise codec.CannotCross(type(value).__name__)


def unknown(reader: codec.Reader, tag: int) -> NoReturn:
    raise codec.Malformed(f"tag {tag}")


def encode(value: Any, seeds: tuple[Any, ...] = ()) -> bytes:
    writer = codec.Writer(refuse, {id(value): n for n, value in enumerate(seeds)}, len(seeds))
    writer.write(value)
    return bytes(writer.out)


def decode(data: bytes, seeds: tuple[Any, ...] = ()) -> Any:
    reader = codec.Reader(data, unknown, dict(enumerate(seeds)), len(seeds))
    value = reader.read()
    reader.end()
    return value


def same(a: Any, b: Any) -> bool:
    """Equal, of the same types at every depth, NaN equal to NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    if isinstance(a, decimal.Decimal):
        return str(a) == str(b)
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, list | tuple | collections.deque):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    return bool(a == b)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(1 << 300), max_value=1 << 300),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.text(st.characters(categories=["Cs"])),
    st.binary(),
    st.decimals(),
    st.fractions(),
    st.dates(),
    st.datetimes(timezones=st.just(datetime.UTC)),
    st.timedeltas(),
    st.uuids(),
)
hashable = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.binary(), st.tuples(st.integers(), st.text())
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.lists(st.integers(-(1 << 62), 1 << 62), min_size=8),
        st.lists(st.floats(), min_size=8).map(tuple),
        st.sets(hashable),
        st.frozensets(hashable),
        st.dictionaries(hashable, inner),
        st.dictionaries(hashable, inner).map(collections.OrderedDict),
        st.lists(inner).map(collections.deque),
    ),
    max_leaves=30,
)


@given(values)
def test_values_arrive_as_they_were_sent(value: Any) -> None:
    assert same(decode(encode(value)), value)


@given(st.binary(max_size=400))
@settings(max_examples=500)
def test_bytes_of_nobodys_are_refused_or_read(data: bytes) -> None:
    try:
        decode(data)
    except (codec.Malformed, codec.TooLarge):
        pass


@given(values, st.integers(0, 400), st.binary(min_size=1, max_size=4))
@settings(max_examples=300)
def test_altered_messages_are_refused_or_read(value: Any, at: int, by: bytes) -> None:
    data = bytearray(encode(value))
    at %= len(data)
    data[at : at + len(by)] = by
    try:
        decode(bytes(data))
    except (codec.Malformed, codec.TooLarge):
        pass


def test_identity_and_cycles_survive() -> None:
    inner: list[Any] = [0]
    outer: list[Any] = [inner, inner, {"k": inner}]
    outer.append(outer)
    got = decode(encode(outer))
    assert got[0] is got[1] is got[2]["k"]
    assert got[3] is got


def test_known_containers_are_referred_to() -> None:
    known = [1, 2]
    theirs = ["their twin"]
    assert decode(encode((known, 5), (known,)), (theirs,))[0] is theirs


@pytest.mark.parametrize(
    "value", [range(1, 9, 2), slice(1, None), ..., NotImplemented, int, type(None), ValueError, bytearray(b"x")]
)
def test_rarer_values(value: Any) -> None:
    assert decode(encode(value)) == value


def test_defaultdict_keeps_a_builtin_factory_and_no_other() -> None:
    assert decode(encode(collections.defaultdict(list, a=[1])))["new"] == []
    assert decode(encode(collections.defaultdict(lambda: 5, a=1))).default_factory is None


def test_views_and_counters() -> None:
    assert decode(encode({1: 2}.keys())) == {1}
    assert list(decode(encode({1: 2}.items()))) == [(1, 2)]
    assert list(decode(encode({1: 2}.values()))) == [2]
    assert decode(encode(collections.Counter("aab"))).most_common(1) == [("a", 2)]


@pytest.mark.parametrize("name", ["eval", "exec", "open", "__import__", "type", "nothing"])
def test_only_types_cross_by_name_towards_the_tests(name: str) -> None:
    with pytest.raises(codec.Malformed):
        decode(b"B" + struct.pack("<I", len(name)) + name.encode())


def test_caps() -> None:
    with pytest.raises(codec.TooLarge):
        decode(encode(decimal.Decimal("1E+999999")))
    colliding = [n * (2**61 - 1) for n in range(kinds.ITEMS_BEFORE_COLLISIONS_COUNT + 1)]
    data = b"S" + struct.pack("<I", len(colliding)) + b"".join(encode(n) for n in colliding)
    with pytest.raises(codec.TooLarge):
        decode(data)
    with pytest.raises(codec.Malformed):
        decode(b"l" + struct.pack("<I", 1 << 31))
    nested: Any = None
    for _ in range(codec.DEPTH_MAX + 1):
        nested = (nested,)
    with pytest.raises((codec.CannotCross, RecursionError)):
        encode(nested)


@pytest.mark.parametrize(
    "bad", [b"x\x07\x00\x00\x00decimalt\x01\x00\x00\x00", b"", b"i\x00", b"R\x00\x00\x00\x00", b"\xff"]
)
def test_what_is_cut_short_is_malformed(bad: bytes) -> None:
    with pytest.raises(codec.Malformed):
        decode(bad)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("pandas", b"p\x06\x00\x00\x00series" + encode(())),
        ("numpy", b"n" + encode("<f16") + encode(bytes(16))),
        ("numpy", b"a" + encode("<f8") + encode((1,)) + encode(bytes(8))),
        ("numpy", b"a" + encode((("x", "<f8", ()),)) + encode((1,)) + encode(bytes(8))),
    ],
    ids=["series", "scalar", "array", "records"],
)
def test_values_of_a_library_that_is_not_here_are_malformed(
    name: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(codec.Malformed, match=name):
        decode(data)


def test_content_travels_into_the_same_object() -> None:
    for old, new in (
        ([1], [2, 3]),
        ({"a": 1}, {"b": 2}),
        ({1}, {2}),
        (bytearray(b"a"), bytearray(b"bc")),
        (collections.deque([1]), collections.deque([2])),
        (collections.OrderedDict(a=1), collections.OrderedDict(b=1)),
    ):
        kinds.replace_content(old, kinds.content(new))
        assert old == new
    with pytest.raises(codec.Malformed):
        kinds.replace_content([], 5)


def test_special_floats() -> None:
    assert math.isnan(decode(encode(float("nan"))))
    assert str(decode(encode(-0.0))) == "-0.0"
    assert decode(encode(fractions.Fraction(1, 3))) == fractions.Fraction(1, 3)
