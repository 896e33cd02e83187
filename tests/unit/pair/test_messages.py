"""The short way of writing and reading messages gives the codec's bytes and values, and takes nothing else."""

from __future__ import annotations

import struct
import sys
from contextlib import nullcontext
from typing import Any, NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proctor_supervisor.pair import codec, messages

NUMBERS = st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(codec=None), max_size=20),
    st.lists(st.integers(), max_size=3),
    st.tuples(st.text(max_size=3), st.none()),
)


def no_reference(*_: object) -> NoReturn:
    raise codec.CannotCross("a reference")


def by_codec(value: Any) -> bytes:
    writer = codec.Writer(no_reference)
    writer.write(value)
    return bytes(writer.out)


@given(forgotten=NUMBERS, value=VALUES)
@example(forgotten=[], value=1 << 63)
@example(forgotten=[1], value="\udcff")
@example(forgotten=[0] * 8, value=0)
def test_a_short_answer_is_what_the_codec_writes(forgotten: list[int], value: Any) -> None:
    message = by_codec(((), tuple(forgotten), "ok", value))
    short = messages.short_answer(forgotten, value)
    assert short in (None, message)
    plain = messages.plain_answer(message)
    if short is not None:
        assert plain is not None
    if plain is not None:
        assert plain[0] == forgotten
        read = messages.short_value(message, plain[1])
        whole = codec.Reader(message, no_reference, at=plain[1], depth=1).read()
        assert by_codec(whole) == by_codec(value)
        assert (short is None) == (read is messages.NOT_SHORT)
        assert short is None or (type(read) is type(value) and by_codec(read) == by_codec(value))


@given(
    changes=st.lists(st.tuples(st.integers(0, 9), st.none()), max_size=1),
    forgotten=NUMBERS,
    what=st.text(max_size=9),
    parts=st.lists(VALUES, max_size=20),
)
def test_a_message_is_what_the_codec_writes(
    changes: list[Any], forgotten: list[int], what: str, parts: list[Any]
) -> None:
    writer = codec.Writer(no_reference)
    messages.write(writer, tuple(changes), forgotten, what, parts)
    whole = by_codec((tuple(changes), tuple(forgotten), what, *parts))
    assert bytes(writer.out) == whole
    assert len(writer.mutables) == sum(type(part) is list for part in parts)


@given(st.binary(max_size=40))
def test_no_bytes_make_a_short_value_that_the_codec_would_refuse(tail: bytes) -> None:
    message = by_codec(((), (), "ok", None))[:-1] + tail
    found = messages.plain_answer(message)
    assert found is not None
    value = messages.short_value(message, found[1])
    if value is not messages.NOT_SHORT:
        reader = codec.Reader(message, no_reference)
        assert by_codec(reader.read()) == message
        reader.end()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"t",
        by_codec(((), (), "raise", 1)),
        by_codec(((), (), "o", "k")),
        by_codec(((), (1, "a"), "ok", 1)),
        by_codec(((), (1.0,), "ok", 1)),
        by_codec(((), [1], "ok", 1)),
        by_codec((((1, ()),), (), "ok", 1)),
        by_codec(((), (), "ok", 1, 2)),
        by_codec(((), (), "ok")),
        by_codec(((), (1,), "ok", 1)).replace(struct.pack("<cI", b"t", 1), struct.pack("<cI", b"t", 257)),
        by_codec(((), (1,), "ok", 1)).replace(struct.pack("<cI", b"t", 1), struct.pack("<cI", b"t", 2)),
        by_codec(((), (1,), "ok", 1))[:14],
    ],
)
def test_what_is_no_plain_answer_is_left_to_the_codec(broken: bytes) -> None:
    assert messages.plain_answer(broken) is None


@pytest.mark.parametrize(("levels", "refused"), [(codec.DEPTH_MAX - 1, False), (codec.DEPTH_MAX, True)])
def test_depth_counts_the_message_itself(levels: int, refused: bool) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + codec.FRAMES)
    try:
        message = by_codec(((), (), "ok", None))[:-1] + struct.pack("<cI", b"t", 1) * levels + b"N"
        found = messages.plain_answer(message)
        assert found is not None
        for start, depth in ((0, 0), (found[1], 1)):
            reader = codec.Reader(message, no_reference, at=start, depth=depth)
            with pytest.raises(codec.TooLarge) if refused else nullcontext():
                reader.read()
    finally:
        sys.setrecursionlimit(limit)
