"""What holds of comparing any two outputs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proctor.judge.compare import difference
from proctor.judge.excerpt import end_of, start_of
from proctor.wire import Compare

COMPARES = st.builds(
    Compare,
    mode=st.sampled_from(["tokens", "lines", "exact"]),
    ignore_case=st.booleans(),
    abs_tol=st.sampled_from([0.0, 1e-6, 0.5]),
    rel_tol=st.sampled_from([0.0, 1e-6]),
)
TOKEN = st.text("0123456789.-+eEaZ", min_size=1, max_size=6)
TOKENS = st.lists(TOKEN, max_size=6)
BYTES = (
    st.binary(max_size=60)
    | TOKENS.map(lambda ts: " ".join(ts).encode())
    | st.text(max_size=30).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
SPACE = st.text(" \t\n\r", min_size=1, max_size=4)


@given(BYTES, COMPARES)
def test_every_output_equals_itself(output: bytes, compare: Compare) -> None:
    assert difference(output, output, compare) is None


@given(BYTES, BYTES, COMPARES)
def test_a_difference_is_told_in_few_printable_words(expected: bytes, got: bytes, compare: Compare) -> None:
    detail = difference(expected, got, compare)
    assert detail is None or (0 < len(detail) < 300 and detail.isprintable())


@given(BYTES, BYTES)
def test_exact_is_equality_of_bytes_and_the_other_modes_only_widen_it(expected: bytes, got: bytes) -> None:
    exact, lines, tokens = (difference(expected, got, Compare(mode=m)) is None for m in ("exact", "lines", "tokens"))
    assert exact is (expected == got)
    assert not exact or lines
    assert not lines or tokens


@given(TOKENS, st.lists(SPACE, min_size=7, max_size=7))
def test_tokens_do_not_see_white_space(tokens: list[str], spaces: list[str]) -> None:
    spread = "".join(s + t for s, t in zip(spaces, tokens, strict=False)) + spaces[-1]
    assert difference(" ".join(tokens).encode(), spread.encode(), Compare()) is None


@given(TOKENS, TOKEN, COMPARES)
def test_a_token_more_or_less_is_always_wrong(tokens: list[str], extra: str, compare: Compare) -> None:
    """No prefix passes, no further line does: in any mode, with any tolerance."""
    less, more = "\n".join(tokens).encode(), "\n".join([*tokens, extra]).encode()
    assert difference(less, more, compare) is not None
    assert difference(more, less, compare) is not None


@given(st.decimals(-1000, 1000, places=3), st.decimals(-1, 1, places=3))
def test_tolerance_is_exact_in_decimals(value: object, by: object) -> None:
    other = value + by  # type: ignore[operator]
    within = difference(str(value).encode(), str(other).encode(), Compare(abs_tol=0.25)) is None
    assert within is (abs(by) <= 0.25)  # type: ignore[arg-type]


@given(st.binary(max_size=5000))
def test_excerpts_are_bounded_and_safe(data: bytes) -> None:
    for excerpt in (start_of(data), end_of(data)):
        if data:
            assert excerpt is not None
            assert len(excerpt) <= 501
            assert excerpt.replace("\n", "").replace("\t", "").isprintable() or excerpt.strip() == ""
        else:
            assert excerpt is None
