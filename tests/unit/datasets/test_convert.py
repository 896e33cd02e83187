"""`proctor convert` as a user runs it, and what a conversion refuses to lose."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from proctor.datasets.convert import from_ours, to_ours
from proctor.datasets.shapes import CannotHold

CASES = [{"input": f"{n}\n", "output": f"{2 * n}\n", "testtype": "stdin"} for n in range(4)]
LCB: dict[str, Any] = {
    "question_title": "Double",
    "question_content": "Print the double.",
    "question_id": "q1",
    "public_test_cases": json.dumps(CASES[:1]),
    "private_test_cases": base64.b64encode(zlib.compress(pickle.dumps(json.dumps(CASES[1:])))).decode(),
    "starter_code": "",
    "metadata": "{}",
    "difficulty": "easy",
}
STDIO = {"kind": "stdio", "cases": [{"stdin": "1\n", "stdout": "2\n"}]}


def proctor(*arguments: object) -> Any:
    import typer

    from proctor.datasets.convert_command import convert

    app = typer.Typer()
    app.command()(convert)
    return CliRunner().invoke(app, [str(a) for a in arguments])


def write(file: Path, *rows: Any) -> Path:
    file.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return file


def read(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_livecodebench_there_and_back(tmp_path: Path) -> None:
    file = write(tmp_path / "lcb.jsonl", LCB, LCB)
    done = proctor("--from", "livecodebench", file)
    assert done.exit_code == 0, done.output
    ours = read(tmp_path / "lcb.proctor.jsonl")
    assert [row["id"] for row in ours] == ["q1", "q1"]
    assert ours[0]["prompt"] == "Print the double."
    assert len(ours[0]["tests"]["cases"]) == 4
    assert ours[0]["published"]["row"]["private_test_cases"] is None, "tests stand in a row once"
    done = proctor("--to", "livecodebench", tmp_path / "lcb.proctor.jsonl", "--out", tmp_path / "back.jsonl")
    assert done.exit_code == 0, done.output
    assert read(tmp_path / "back.jsonl") == [LCB, LCB]


def test_edited_tests_go_back_edited() -> None:
    ours = to_ours("livecodebench", LCB)
    del ours["tests"]["cases"][1]
    again = to_ours("livecodebench", from_ours("livecodebench", ours))
    assert again["tests"] == ours["tests"]
    odd = {**LCB, "private_test_cases": json.dumps(CASES[1:], indent=3)}  # a spelling that is kept word for word
    ours = to_ours("livecodebench", odd)
    assert from_ours("livecodebench", ours) == odd
    ours["tests"]["cases"].pop()
    assert len(to_ours("livecodebench", from_ours("livecodebench", ours))["tests"]["cases"]) == 3


@pytest.mark.parametrize(
    "to", ["apps", "taco", "eurus", "nemo", "deepcoder", "synthetic1", "code_contests", "codeforces"]
)
def test_straight_into_another_format(tmp_path: Path, to: str) -> None:
    done = proctor(write(tmp_path / "lcb.jsonl", LCB), "--to", to)
    assert done.exit_code == 0, done.output
    (row,) = read(tmp_path / f"lcb.{to}.jsonl")
    assert to_ours(to, row)["tests"] == to_ours("livecodebench", LCB)["tests"]


@pytest.mark.parametrize(
    ("to", "ours", "told"),
    [
        ("apps", {"tests": {**STDIO, "compare": {"ignore_case": True}}}, "compare"),
        ("apps", {"tests": {**STDIO, "checker": {"code": "x"}}}, "checker"),
        ("apps", {"tests": STDIO, "limits": {"cpu_s": 1}}, "limits"),
        ("livecodebench", {"tests": {"kind": "script", "code": "assert f()"}}, "script"),
        ("code_contests", {"tests": {"kind": "function", "entry_point": "f", "cases": [{"expected": 1}]}}, "function"),
        (
            "apps",
            {"tests": {"kind": "function", "entry_point": "f", "cases": [{"kwargs": {"a": 1}, "expected": 1}]}},
            "keyword",
        ),
        (
            "apps",
            {"tests": {"kind": "function", "entry_point": "f", "cases": [{"args": [{"$py": "(1,)"}], "expected": 1}]}},
            "no JSON",
        ),
        ("evalplus", {"tests": {"kind": "script", "code": "assert f()", "entry_point": "f"}}, "canonical solution"),
        ("kodcode", {"tests": {"kind": "pytest", "files": {"a.py": "def test_a(): pass"}}}, "one test file"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(to: str, ours: dict[str, Any], told: str) -> None:
    with pytest.raises(CannotHold, match=told):
        from_ours(to, ours)


def test_lossy_writes_what_fits() -> None:
    row = from_ours("apps", {"tests": STDIO, "limits": {"cpu_s": 1}}, lossy=True)
    assert json.loads(row["input_output"]) == {"inputs": ["1\n"], "outputs": ["2\n"]}


def test_contest_limits_go_along() -> None:
    row = from_ours("code_contests", {"tests": STDIO, "limits": {"cpu_s": 1.5, "memory_mib": 256}})
    assert row["time_limit"] == {"seconds": 1, "nanos": 500_000_000}
    assert row["memory_limit_bytes"] == 256 << 20


def test_rows_without_tests_stay_as_they_are(tmp_path: Path) -> None:
    empty = {"question": "Q", "input_output": ""}
    ours = to_ours("apps", empty)
    assert ours["tests"] == {"kind": "dataset", "format": "apps", "row": empty}
    assert from_ours("apps", ours) == empty


def test_bad_rows_are_named_and_the_others_written(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", LCB, "{nonsense\n", {**LCB, "public_test_cases": "[3]"}, {"what": 1}, LCB)
    done = proctor(file, "--out", tmp_path / "o.jsonl")
    assert done.exit_code == 1
    assert "row 2: this is not JSON" in done.stderr
    assert "row 3: /public_test_cases/0: this must be an object" in done.stderr
    assert "row 4: no known format has the fields what" in done.stderr
    assert len(read(tmp_path / "o.jsonl")) == 2


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", LCB)
    assert proctor(file, "--out", file).exit_code != 0
    assert read(file) == [LCB]


def test_plain_rows_become_ours(tmp_path: Path) -> None:
    """Rows of no published format: tests as text, as asserts, as cases."""
    code = {
        "id": "a",
        "tests": "def check(f): assert f(1)",
        "entry_point": "f",
        "prompt": "Q",
        "reference_solution": "x",
    }
    asserts = {"id": "b", "tests": ["assert f(1)"], "test_setup": "r = 1"}
    cases = {"id": "c", "tests": [{"input": "1", "output": "2"}], "checker": {"tolerance": 1e-6}, "time_limit": 2}
    done = proctor(write(tmp_path / "a.jsonl", code, asserts, cases, {"tests": []}))
    assert done.exit_code == 1
    assert "row 4: /tests: zero tests" in done.stderr
    first, second, third = read(tmp_path / "a.proctor.jsonl")
    assert first == {**code, "tests": {"kind": "script", "code": code["tests"], "entry_point": "f"}}
    assert second["tests"] == {"kind": "script", "code": "r = 1\nassert f(1)\n"}
    assert third["tests"]["compare"] == {"abs_tol": 1e-6, "rel_tol": 1e-6}
    assert third["limits"] == {"cpu_s": 2.0}


def test_our_tests_may_stand_in_a_string_as_in_a_trainer_s_column(tmp_path: Path) -> None:
    row = to_ours("livecodebench", LCB)
    file = write(tmp_path / "a.jsonl", {**row, "tests": json.dumps(row["tests"])})
    assert proctor(file, "--to", "livecodebench").exit_code == 0
    assert read(tmp_path / "a.livecodebench.jsonl") == [LCB]


def test_a_trainer_s_column_holds_either() -> None:
    """The published row, or ours: the adapters read both, as objects and as JSON in a string."""
    from proctor.judge.plan import resolve
    from proctor.trainers.tests_field import as_tests
    from proctor.wire import TestRef

    published = {"kind": "dataset", "format": "livecodebench", "row": LCB}
    ours = to_ours("livecodebench", LCB)["tests"]
    read = [as_tests(value) for value in (published, ours, json.dumps(published), json.dumps(ours))]
    resolved = [resolve(tests).tests for tests in read if not isinstance(tests, TestRef)]
    assert len(resolved) == 4
    assert all(tests == resolved[0] for tests in resolved)
