"""What is stored in Redis comes back as it was, whatever the text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.jobs.leases import read_outcome, write_outcome
from proctor.jobs.records import (
    Account,
    Spec,
    Waiting,
    cases_in,
    dumps,
    dumps_finite,
    lane_of,
    read_accounts,
    read_json,
    read_spec,
    read_waiting,
    score,
    slug,
    write_spec,
    write_waiting_again,
)
from proctor.judge.outcome import Outcome
from proctor.judge.plan import PlannedUnit
from proctor.wire import CaseResult, Limits, Verdict

anything = st.text(st.characters(codec=None), max_size=30)
maybe = st.none() | anything


@given(id=maybe, group=maybe, prompt=maybe, reasoning=maybe, flags=st.lists(anything, max_size=3))
def test_samples_come_back(
    id: str | None, group: str | None, prompt: str | None, reasoning: str | None, flags: list[str]
) -> None:
    known = Outcome(verdict=Verdict.NO_CODE, cases=(CaseResult(verdict=Verdict.NOT_RUN),))
    sample = Waiting(7, id, group, 3, prompt, reasoning, 1.0, tuple(flags), None, 2.5, known)
    text = write_waiting_again(sample)
    assert text.isascii()
    assert read_waiting(7, text) == sample


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_json_comes_back_whatever_reads_it(data: object) -> None:
    text = dumps(data)
    read = read_json(text.encode())
    assert repr(read) == repr(json.loads(text))  # NaN too, and 1 apart from 1.0 and true


FINITE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4),
    max_leaves=10,
)


@given(FINITE)
def test_finite_json_is_ascii_and_comes_back(data: object) -> None:
    text = dumps_finite(data)
    assert text.isascii()
    assert repr(json.loads(text)) == repr(json.loads(dumps(data)))


@pytest.mark.parametrize("text", ["[" * 5000 + "]" * 5000, '{"a":1,"a":2}', "1e999", "[-0.0,1E5]", "[NaN,-Infinity]"])
def test_odd_json_is_read_as_the_standard_library_does(text: str) -> None:
    try:
        expected = repr(json.loads(text))
    except RecursionError:
        with pytest.raises(RecursionError):
            read_json(text)
    else:
        assert repr(read_json(text)) == expected


@given(detail=maybe, stdout=maybe, flags=st.lists(anything, max_size=3), run_s=st.floats(0, 1e12))
def test_outcomes_come_back(detail: str | None, stdout: str | None, flags: list[str], run_s: float) -> None:
    cases = (
        CaseResult(verdict=Verdict.WRONG_ANSWER, cpu_s=0.5, detail=detail, stdout=stdout),
        CaseResult(verdict=Verdict.NOT_RUN),
    )
    outcome = Outcome(verdict=Verdict.WRONG_ANSWER, cases=cases, run_s=run_s, cpu_s=0.1, flags=tuple(flags))
    started_s, data = read_outcome(write_outcome(outcome.to_json(), 12.5))
    assert started_s == 12.5
    assert Outcome.from_json(data) == outcome
    assert json.loads(dumps(outcome.to_json())) == data


@given(code=anything, owner=anything)
def test_units_come_back(code: str, owner: str) -> None:
    limits = Limits(cpu_s=3)
    unit = PlannedUnit("k", "python", code, "0" * 64, limits, "all")
    text = write_spec(owner, unit, limits.model_dump())
    assert text.isascii()
    assert read_spec(text.encode()) == Spec(owner, "python", code, "0" * 64, limits, "all")


@given(
    st.lists(
        st.builds(
            Account,
            kind=st.sampled_from("pfi"),
            gate_open=st.booleans(),
            ordinal=st.integers(-1, 10**6),
            reward=st.none() | st.floats(allow_nan=False, allow_infinity=False),
            thinking=st.none() | st.floats(0, 1),
            bare=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        )
    )
)
def test_accounts_come_back(accounts: list[Account]) -> None:
    assert read_accounts("".join(a.line() for a in accounts).encode()) == accounts


def test_an_account_of_an_older_version_is_read_too() -> None:
    assert read_accounts(b"p 1 0 1.5\ni 0 -1 -\n") == [Account("p", True, 0, 1.5), Account("i", False, -1, None)]


@given(anything)
def test_slugs_are_plain_and_apart(text: str) -> None:
    assert (
        slug(text).replace("~", "").replace("_", "").replace(".", "").replace("-", "").isalnum() or slug(text) == text
    )
    assert slug(text + "x") != slug(text)
    assert ":" not in slug(text)


def test_lanes_part_owners_runs_and_priorities() -> None:
    lanes = {lane_of(o, r, p) for o in ("a", "b") for r in (None, "r", "s") for p in (0, 1)}
    assert len(lanes) == 12
    assert lane_of("a\0b", "c", 0) != lane_of("a", "b\0c", 0)


def unit(cpu_s: float, wall_s: float = 60) -> PlannedUnit:
    return PlannedUnit("k", "python", "", "0" * 64, Limits(cpu_s=cpu_s, sample_wall_s=wall_s), "all")


def test_the_costliest_goes_first_within_a_window_and_older_windows_before() -> None:
    assert score(5, unit(10), 6) > score(5, unit(10), 2) > score(5, unit(1), 2)
    assert score(5, unit(1), 1) > score(6, unit(300, 1800), 1000)
    assert score(5, unit(10, 60), 1000) == score(5, unit(10, 60), 10**6)  # the sample's wall clock bounds both
    assert score(10**9, unit(300), 10**6) == int(float(score(10**9, unit(300), 10**6)))  # exact as a double


def test_cases_are_guessed_from_the_text() -> None:
    stdio = {"kind": "stdio", "cases": [{"stdin": "1", "stdout": "2"}] * 7}
    assert cases_in(json.dumps(stdio).encode()) == 7
    assert cases_in(b'{"kind": "script", "code": "assert True"}') == 1
