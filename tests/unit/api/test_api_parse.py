from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.api.parse import MAX_FAULTS, PORTION, parse_batch, parse_json, parse_tests, pointer
from proctor.errors import FieldFault, InvalidRequest
from proctor.settings import Settings
from proctor.wire import FunctionTests

SETTINGS = Settings(max_samples=1000)
STDIO = {"kind": "stdio", "cases": [{"stdin": "1", "stdout": "2"}]}
SAMPLE = {"completion": "print(2)", "tests": STDIO}


def faults(body: Any) -> dict[str, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequest) as caught:
        parse_batch(raw, SETTINGS)
    return {f.pointer: f.detail for f in caught.value.faults}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], [""]),
        ({}, ["/samples"]),
        ({"samples": []}, ["/samples"]),
        ({"samples": {}}, ["/samples"]),
        ({"samples": [SAMPLE] * 1001}, ["/samples"]),
        ({"samples": [1]}, ["/samples/0"]),
        ({"samples": [{"tests": STDIO}]}, ["/samples/0/completion"]),
        ({"samples": [{"completion": ""}]}, ["/samples/0/tests"]),
        ({"samples": [{**SAMPLE, "langage": "c"}]}, ["/samples/0/langage"]),
        ({"samples": [{**SAMPLE, "a/b~c": 1}]}, ["/samples/0/a~1b~0c"]),
        ({"samples": [{**SAMPLE, "completion": 1}]}, ["/samples/0/completion"]),
        ({"samples": [{**SAMPLE, "limits": {"cpu_s": -1}}]}, ["/samples/0/limits/cpu_s"]),
        ({"samples": [{**SAMPLE, "limits": {"memory_mib": "64"}}]}, ["/samples/0/limits/memory_mib"]),
        ({"samples": [SAMPLE], "limits": {"cpu": 1}}, ["/limits/cpu"]),
        ({"samples": [SAMPLE], "reward": {"policy": "best"}}, ["/reward/policy"]),
        ({"samples": [SAMPLE], "reward": {"policy": "pass-rate"}, "stop": "first_failure"}, ["/stop"]),
        ({"samples": [SAMPLE], "reward": {"weights": {"outcome": 1e308, "format": 1e308}}}, ["/reward/weights"]),
        ({"samples": [SAMPLE], "reward": {"weights": {"outcome": float("inf")}}}, ["/reward/weights/outcome"]),
        ({"samples": [SAMPLE], "deadline_s": 1e9}, ["/deadline_s"]),
        ({"samples": [SAMPLE], "foo": 1}, ["/foo"]),
        # tests: one story, whichever form they were meant to have
        ({"samples": [{**SAMPLE, "tests": 5}]}, ["/samples/0/tests"]),
        ({"samples": [{**SAMPLE, "tests": {}}]}, ["/samples/0/tests/kind"]),
        ({"samples": [{**SAMPLE, "tests": {"kind": "nope"}}]}, ["/samples/0/tests/kind"]),
        ({"samples": [{**SAMPLE, "tests": {"kind": 1}}]}, ["/samples/0/tests/kind"]),
        ({"samples": [{**SAMPLE, "tests": {"ref": "abc"}}]}, ["/samples/0/tests/ref"]),
        ({"samples": [{**SAMPLE, "tests": {"kind": "stdio"}}]}, ["/samples/0/tests/cases"]),
        (
            {"samples": [{**SAMPLE, "tests": {"kind": "stdio", "cases": [{"stdin": 1}], "x": 1}}]},
            ["/samples/0/tests/cases/0/stdin", "/samples/0/tests/cases/0/stdout", "/samples/0/tests/x"],
        ),
        ({"samples": [SAMPLE], "tests": {"a": "b"}}, ["/tests/a"]),
        ({"samples": [SAMPLE], "tests": {"a": {"kind": "function"}}}, ["/tests/a/entry_point", "/tests/a/cases"]),
        ({"samples": [SAMPLE], "tests": []}, ["/tests"]),
        # faults of samples and of the rest are told together
        ({"samples": [{"completion": 1, "tests": 1}], "x": 1}, ["/samples/0/completion", "/samples/0/tests", "/x"]),
    ],
)
def test_every_fault_has_its_pointer(body: Any, pointers: list[str]) -> None:
    found = faults(body)
    assert sorted(found) == sorted(pointers)
    assert not any("tagged-union" in f or "TestRef" in f or "StdioTests" in f for f in found.values())


def test_pointers_stay_right_in_later_portions() -> None:
    samples: list[Any] = [SAMPLE] * (PORTION + 7)
    samples[PORTION + 3] = {**SAMPLE, "tests": {"kind": "nope"}}
    assert list(faults({"samples": samples})) == [f"/samples/{PORTION + 3}/tests/kind"]


def test_faults_are_bounded() -> None:
    assert len(faults({"samples": [{"x": 1}] * 900})) == MAX_FAULTS


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "line 1, column 1"),
        (b'{"samples": [}', "line 1, column 14"),
        (b'{"a":\n nope}', "line 2, column 2"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),  # a surrogate as UTF-8 would have it, if it could
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (b"[" * 201 + b"]" * 201, "nested deeper than 200"),
        (b'{"a":' * 201 + b"1" + b"}" * 201, "nested deeper than 200"),
        (b"1" * 5000, "number"),
    ],
)
def test_what_is_not_json_is_told_where(body: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        parse_json(body, max_depth=200)


def test_depth_up_to_the_bound_is_fine() -> None:
    assert parse_json(b"[" * 200 + b"]" * 200, max_depth=200)


def test_too_many_values_are_refused_before_memory_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proctor.api.parse.MAX_VALUES", 10)
    assert parse_json(b'{"a": ",,,,,,,,,,,,,,[[[[\\",,"}', max_depth=9)  # those in strings are none
    with pytest.raises(InvalidRequest, match="more than 10"):
        parse_json(b"[1,1,1,1,1,1,1,1,1,1,1]", max_depth=9)


def test_odd_text_and_numbers_survive() -> None:
    text = "\ud800 \0 \u2028 \x1b[31m"
    big = 10**400
    tests = {"kind": "function", "entry_point": "f", "cases": [{"args": [big, math.nan, text], "expected": math.inf}]}
    batch = parse_batch(json.dumps({"samples": [{"id": text, "completion": text, "tests": tests}]}).encode(), SETTINGS)
    sample = batch.samples[0]
    assert (sample.id, sample.completion) == (text, text)
    assert isinstance(sample.tests, FunctionTests)
    number, nan, kept = sample.tests.cases[0].args
    assert (number, kept) == (big, text)
    assert math.isnan(nan)


def test_a_lone_surrogate_as_a_field_name_is_a_fault_not_a_crash() -> None:
    assert faults(b'{"samples": [{"\\ud800": 1, "completion": "", "tests": "a"}]}')
    assert faults(b'{"\\ud800": 1, "samples": [{"completion": "", "tests": "a"}]}')


def test_bytes_order_mark_is_ignored() -> None:
    assert parse_json(b"\xef\xbb\xbf{}", max_depth=5) == {}


def test_test_sets_are_checked_alone() -> None:
    assert parse_tests(json.dumps(STDIO).encode(), max_depth=200).kind == "stdio"
    for body, at in (({"kind": "stdio", "cases": 1}, "/cases"), ({}, "/kind"), ([], ""), ({"ref": "x"}, "/kind")):
        with pytest.raises(InvalidRequest) as caught:
            parse_tests(json.dumps(body).encode(), max_depth=200)
        assert [f.pointer for f in caught.value.faults] == [at]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["completion", "tests", "limits", "kind", "ref", "cases", "samples", "id", "reward"])
near_samples = st.dictionaries(FIELDS, json_values | st.just(STDIO), max_size=5)
near_batches = st.fixed_dictionaries({"samples": st.lists(near_samples | json_values, max_size=3)}) | json_values


@given(near_batches)
def test_any_json_is_a_batch_or_a_fault_that_points_into_it(body: Any) -> None:
    for fault in found_faults(json.dumps(body).encode()):
        where, missing = resolve(body, fault.pointer)
        assert not missing or isinstance(where, dict), fault


def found_faults(body: bytes) -> tuple[FieldFault, ...]:
    try:
        parse_batch(body, SETTINGS)
    except InvalidRequest as error:
        return error.faults or (FieldFault("/nowhere/at/all", "an error without faults"),)
    return ()


def resolve(value: Any, at: str) -> tuple[Any, bool]:
    """The value that a pointer names, or its container and True where its last part is missing."""
    parts = [p.replace("~1", "/").replace("~0", "~") for p in at.split("/")[1:]]
    for i, part in enumerate(parts):
        inner = value[int(part)] if isinstance(value, list) else value.get(part, resolve)
        if inner is resolve:
            assert i == len(parts) - 1, at
            return value, True
        value = inner
    return value, False


@given(st.lists(st.text() | st.integers(0, 99)))
def test_pointers_can_be_read_back(parts: list[str | int]) -> None:
    text = pointer(*parts)
    read = [p.replace("~1", "/").replace("~0", "~") for p in text.split("/")[1:]]
    assert read == [str(p) for p in parts]
