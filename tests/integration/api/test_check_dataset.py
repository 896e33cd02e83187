"""`proctor check-dataset` and `proctor convert` as a user runs them, over real programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import PROCTOR, Service, serving

LIMITS = ("--cpu-s", "0.5", "--wall-s", "60", "--memory-mib", "256")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("s"), "--workers", "2") as service:
        yield service


def proctor(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROCTOR, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)


def write(file: Path, *rows: Any) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def read(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def program(name: str, code: str, *cases: tuple[str, str], **fields: Any) -> dict[str, Any]:
    tests = [{"input": i, "output": o} for i, o in cases or [("3\n", "6\n"), ("4\n", "8\n")]]
    return {"id": name, "prompt": "Print the double.", "tests": tests, "reference_solution": code, **fields}


DOUBLE = "print(2 * int(input()))"
BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n" + DOUBLE

DEEP: list[Any] = [1]
for _ in range(300):
    DEEP = [DEEP]

#: Each row is named by what is found in it.
ROWS = [
    program("", DOUBLE, stub_solution="print(0)", incorrect_solutions=["print(int(input()) + 3)"]),
    {
        "id": "",
        "task_id": "HumanEval/x",
        "prompt": "def twice(x):\n    '''Doubles.'''\n",
        "entry_point": "twice",
        "test": "def check(candidate):\n    assert candidate(2) == 4\n",
        "canonical_solution": "    return 2 * x\n",
    },
    {
        "id": "",
        "text": "Q",
        "test_list": ["assert twice(2) == n"],
        "test_setup_code": "n = 4",
        "code": "def twice(x): return 2 * x",
    },
    program("reference_fails", "print(1 / 0)", ("5\n", "10\n"), ("1\n", "2\n")),
    program("times_out", BURN.format(30), ("7\n", "14\n")),
    program("limits_too_tight", BURN.format(0.7), ("8\n", "16\n")),
    program("near_limits", BURN.format(1.6), ("9\n", "18\n"), time_limit=3),
    {
        "id": "stub_passes",
        "tests": "assert twice(2) is not 5",
        "entry_point": "twice",
        "reference_solution": "def twice(x): return 4",
    },
    program("empty_passes", "print()", ("1\n", "\n")),
    {"id": "tests_invalid", "tests": "x = 1\nassert x == 1", "reference_solution": "y = 2"},
    program("duplicate_tests", DOUBLE, ("30\n", "60\n"), ("31\n", "62\n"), ("30\n", "60\n")),
    program("no_tests", DOUBLE, tests=[]),
    program("needs_checker", DOUBLE, ("50\n", "100\n"), prompt="If there are several such numbers, print any of them."),
    program("needs_comparator", "print('YES')", ("", "Yes\n")),
    program("wrong_passes", DOUBLE, ("2\n", "4\n"), incorrect_solutions=["print(int(input()) ** 2)"]),
    {
        "id": "tests_invalid",
        "question": "Q",
        "input_output": json.dumps({"inputs": [[DEEP]], "outputs": [1], "fn_name": "f"}),
    },
    {"id": "malformed", "question": "Q", "input_output": "{"},
    {"id": "tests_invalid", "tests": "assert (", "reference_solution": "x = 1", "entry_point": "f"},
]


def test_each_fault_is_found_in_its_row_and_nothing_in_good_ones(service: Service, tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", *ROWS)
    done = proctor("check-dataset", file, "--url", service.base, "--runs", "2", *LIMITS, timeout=280)
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "rows.report.json").read_text())
    found = {row["row"]: {f["kind"] for f in row["findings"]} for row in report["rows"]}
    for number, row in enumerate(ROWS, 1):
        wanted = {row["id"]} - {""}
        assert found[number] >= wanted, f"row {number}"
        assert row["id"] or found[number] == set(), f"row {number} is good"
    kept = [row["id"] for row in read(tmp_path / "rows.clean.jsonl")]
    assert kept == ["", "", "", "near_limits", "duplicate_tests"]
    assert report["summary"]["rows"] == len(ROWS)
    page = (tmp_path / "rows.report.html").read_text()
    assert page.count("<svg") == 4
    for name in ("limits_too_tight", "duplicate_tests"):
        assert name in page
        assert name in done.stdout


def test_a_reference_that_passes_now_and_then_is_flaky(service: Service, tmp_path: Path) -> None:
    code = "import os\n" + DOUBLE + "\nprint('x' * (os.urandom(1)[0] % 2), end='')"
    file = write(tmp_path / "rows.jsonl", program("a", code, ("1\n", "2\n")))
    assert proctor("check-dataset", file, "--url", service.base, "--runs", "24").returncode == 1
    (row,) = json.loads((tmp_path / "rows.report.json").read_text())["rows"]
    assert [finding["kind"] for finding in row["findings"]] == ["flaky"]
    assert len(row["references"][0]["verdicts"]["x1"]) == 24


def test_a_clean_file_ends_with_0_embedded(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", *ROWS[:3])
    done = proctor(
        "check-dataset", file, "--sandbox", "namespace", "--workers", "1", "--clean", tmp_path / "kept.jsonl"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 clean" in done.stdout
    assert read(tmp_path / "kept.jsonl") == ROWS[:3]


def test_a_file_that_is_none_is_told_in_a_line(service: Service, tmp_path: Path) -> None:
    done = proctor("check-dataset", write(tmp_path / "none.jsonl"), "--url", service.base)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("holds no rows")


def test_converted_rows_are_judged_as_the_published_ones(service: Service, tmp_path: Path) -> None:
    cases = [{"input": f"{n}\n", "output": f"{2 * n}\n", "testtype": "stdin"} for n in range(3)]
    row = {"question_content": "Double.", "public_test_cases": json.dumps(cases), "private_test_cases": "[]"}
    assert proctor("convert", "--from", "livecodebench", write(tmp_path / "lcb.jsonl", row)).returncode == 0
    (ours,) = read(tmp_path / "lcb.proctor.jsonl")
    column = [{"kind": "dataset", "format": "livecodebench", "row": row}, ours["tests"]]
    samples = [{"completion": code, "tests": tests} for code in (DOUBLE, "print(0)") for tests in column]
    answer = httpx.post(f"{service.base}/v1/rewards", json={"samples": samples}, timeout=60).json()
    assert [r["verdict"] for r in answer["results"]] == ["passed", "passed", "wrong_answer", "wrong_answer"]


def test_what_the_sandbox_does_not_offer_is_no_fault_of_the_row(service: Service, tmp_path: Path) -> None:
    row = {"question": "Q", "test": "from solution import f\n\ndef test_a():\n    assert f()\n", "test_info": []}
    file = write(tmp_path / "rows.jsonl", {**row, "solution": "def f(): return 1"})
    proctor("check-dataset", file, "--url", service.base)
    (found,) = json.loads((tmp_path / "rows.report.json").read_text())["rows"]
    assert [f["kind"] for f in found["findings"]] in ([], ["not_judged"]), "pytest may be there, or not"
    assert len(read(tmp_path / "rows.clean.jsonl")) == 1


@pytest.mark.parametrize(
    ("format", "row", "pointer"),
    [
        ("livecodebench", {"public_test_cases": '[{"input": 3}]'}, "/public_test_cases/0/input"),
        ("livecodebench", {"private_test_cases": "!"}, "/private_test_cases"),
        ("apps", {"input_output": '{"inputs": ["1"], "outputs": []}'}, "/input_output/outputs"),
        ("codeforces", {"official_tests": [{"input": ""}]}, "/official_tests/0/output"),
        ("humaneval", {"prompt": "p", "entry_point": 3, "test": "t"}, "/entry_point"),
        (
            "code_contests",
            {"public_tests": {"input": [], "output": []}, "time_limit": {"seconds": 10**9}},
            "/time_limit",
        ),
    ],
)
def test_a_malformed_row_is_422_with_the_field(
    service: Service, format: str, row: dict[str, Any], pointer: str
) -> None:
    sample = {"completion": "x = 1", "tests": {"kind": "dataset", "format": format, "row": row}}
    answer = httpx.post(f"{service.base}/v1/rewards", json={"samples": [sample]}, timeout=60)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [f"/samples/0/tests/row{pointer}"]


@pytest.mark.parametrize(
    ("format", "row"),
    [("apps", {"input_output": ""}), ("mbpp", {"test_list": []}), ("codeforces", {"official_tests": []})],
)
def test_a_row_with_zero_tests_is_invalid_and_never_passes(service: Service, format: str, row: dict[str, Any]) -> None:
    sample = {"completion": "x = 1", "tests": {"kind": "dataset", "format": format, "row": row}}
    (result,) = httpx.post(f"{service.base}/v1/rewards", json={"samples": [sample]}, timeout=60).json()["results"]
    assert (result["verdict"], result["reward"], result["error"]["code"]) == ("invalid", None, "tests_invalid")
