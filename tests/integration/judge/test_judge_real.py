"""Programs, checkers and rows of data sets, judged in a real sandbox."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from proctor.judge.outcome import Outcome
from proctor.wire import InvalidCode, Verdict

Judged = Callable[..., dict[str, Outcome]]
Rows = Callable[[str], list[dict[str, Any]]]

SUM = {"kind": "stdio", "cases": [{"stdin": f"{i} 2\n", "stdout": f"{i + 2}\n"} for i in range(3)]}
RIGHT = "a, b = map(int, input().split())\nprint(a + b)\n"
QUICK = {"cpu_s": 1, "wall_s": 3, "memory_mib": 256, "output_kib": 64, "processes": 8, "disk_mib": 8}


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (RIGHT, "passed"),
        (RIGHT + "exit()", "passed"),
        (RIGHT + "import sys; sys.exit(3)", "runtime_error"),
        (RIGHT + "import os; os.abort()", "runtime_error"),
        (RIGHT + "raise SystemExit('no')", "runtime_error"),
        ("print(3)", "wrong_answer"),
        ("", "no_code"),
        ("print(", "compile_error"),
        ("x = 1 / 0", "runtime_error"),
        ("import os; os._exit(0)  # x = 1", "wrong_answer"),
        ("while True: pass", "time_limit"),
        ("import time; time.sleep(60)", "time_limit"),
        ("x = bytearray(1 << 30)\nprint(len(x))", "memory_limit"),
        ("while True: print('x' * 1000)", "output_limit"),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)) * 4)", "wrong_answer"),
    ],
    ids=lambda text: text[-30:],
)
def test_programs(judged: Judged, code: str, verdict: str) -> None:
    (outcome,) = judged([{"completion": code, "tests": SUM, "id": "a", "limits": QUICK}]).values()
    assert outcome.verdict.value == verdict
    assert outcome.error is None


def test_a_full_disk_is_a_runtime_error_and_flagged(judged: Judged) -> None:
    code = "with open('f', 'wb') as f:\n    while True:\n        f.write(bytes(1 << 20))\n"
    (outcome,) = judged([{"completion": code, "tests": SUM, "id": "a", "limits": QUICK}]).values()
    assert outcome.verdict is Verdict.RUNTIME_ERROR
    assert "disk_full" in outcome.flags


FACTORS = {
    "kind": "stdio",
    "cases": [{"stdin": "12\n", "stdout": "3 4\n"}, {"stdin": "35\n", "stdout": "5 7\n"}],
    "checker": {
        "language": "python",
        "code": "import sys\n"
        "n = int(open(sys.argv[1]).read())\n"
        "a, b = map(int, open(sys.argv[2]).read().split())\n"
        "sys.exit(0 if a * b == n and 1 < a < n else 1)\n",
    },
}
SOLVE = "n = int(input())\na = next(i for i in range(2, n) if n % i == 0)\nprint(a, n // a)\n"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (SOLVE, "passed"),  # 2 6 is as good as 3 4
        ("print(1, input())", "wrong_answer"),
        ("print('x')", "wrong_answer"),  # the checker breaks on it
        ("x = print()", "wrong_answer"),
        (SOLVE + "exit(1)", "runtime_error"),
    ],
)
def test_a_checker(judged: Judged, code: str, verdict: str) -> None:
    (outcome,) = judged([{"completion": code, "tests": FACTORS, "id": "a"}]).values()
    assert outcome.verdict.value == verdict


@pytest.mark.parametrize("checker", ["import sys; sys.exit(1)", "x = 1 / 0", "def (", "import os; os.abort()"])
@pytest.mark.parametrize("code", [SOLVE, "print('x')", "x = 1 / 0"])
def test_a_broken_checker_is_invalid_whatever_the_code(judged: Judged, checker: str, code: str) -> None:
    tests = {**FACTORS, "checker": {"language": "python", "code": checker}}
    (outcome,) = judged([{"completion": code, "tests": tests, "id": "a"}]).values()
    assert outcome.verdict is Verdict.INVALID
    assert outcome.error is not None
    assert outcome.error.code is InvalidCode.TESTS_INVALID


def test_evalplus_rows(judged: Judged) -> None:
    row = {
        "prompt": "def half(xs):\n    '''Halves.'''\n",
        "entry_point": "half",
        "canonical_solution": "    return [x / 2 for x in xs]\n",
        "base_input": [[[1, 2]]],
        "plus_input": [[[3]], [[]]],
        "atol": 0,
    }
    tests = {"kind": "dataset", "format": "evalplus", "row": row}
    codes = {
        "body": "    return [x / 2 for x in xs]\n",
        "close": "def half(xs):\n    return [x * 0.5 + 1e-12 for x in xs]\n",
        "clears": "def half(xs):\n    xs.clear()\n    return xs\n",
        "floor": "def half(xs):\n    return [x // 2 for x in xs]\n",
    }
    outcomes = judged([{"completion": code, "tests": tests, "id": name} for name, code in codes.items()])
    assert [outcomes[name].verdict.value for name in codes] == ["passed", "passed", "wrong_answer", "wrong_answer"]


@pytest.mark.parametrize(
    ("number", "solution", "published", "wrong"),
    [
        (2, "tuple(set(a) & set(b))", [[1, 2], [2, 3]], "a"),
        (115, "all(isinstance(v, (set, dict)) for v in a)", [[[1], []]], "False"),
        (124, "(a + b).imag", ["1.5", "2j"], "0"),
        (722, "{k: v for k, v in a.items() if v >= (b, c)}", [{"x": [6, 70]}, 6, 70], "{}"),
    ],
)
def test_mbpp_plus_types_reach_the_candidate(
    judged: Judged, number: int, solution: str, published: Any, wrong: str
) -> None:
    head = "def f(a, b=None, c=None):\n    return "
    row = {"task_id": f"Mbpp/{number}", "entry_point": "f", "canonical_solution": head + solution}
    row |= {"prompt": "", "base_input": [published], "plus_input": [], "atol": 0}
    tests = {"kind": "dataset", "format": "evalplus", "row": row}
    codes = {"right": head + solution, "wrong": head + wrong}
    outcomes = judged([{"completion": code, "tests": tests, "id": name} for name, code in codes.items()])
    assert {name: o.verdict.value for name, o in outcomes.items()} == {"right": "passed", "wrong": "wrong_answer"}


PRINTS = (
    "import sys\nn, mine = (int(open(sys.argv[i]).read()) for i in (1, 3))\nprint(int(mine > n and mine % 2 == 1))\n"
)
EXITS = "import sys\nn, mine = (int(open(sys.argv[i]).read()) for i in (1, 2))\nsys.exit(not (mine > n and mine % 2))\n"


@pytest.mark.parametrize("checker", [PRINTS, EXITS], ids=["prints a score", "by exit code"])
def test_codeforces_rows_with_checkers(judged: Judged, checker: str) -> None:
    row = {"official_tests": [{"input": f"{n}\n", "output": f"{n + 1}\n"} for n in (2, 4, 10)]}
    row |= {"generated_checker": checker, "time_limit": 1.0, "memory_limit": 256.0, "input_mode": "stdio"}
    codes = {
        "print(int(input()) + 1)": "passed",
        "print(int(input()) + 3)": "passed",
        "print(int(input()) + 2)": "wrong_answer",
        "print('x')": "wrong_answer",
        "while True: pass": "time_limit",
    }
    tests = {"kind": "dataset", "format": "codeforces", "row": row}
    outcomes = judged([{"completion": code, "tests": tests, "id": code} for code in codes])
    assert {code: o.verdict.value for code, o in outcomes.items()} == codes


def test_interactive_codeforces_rows_are_invalid_tests_whatever_the_code(judged: Judged) -> None:
    row = {"official_tests": [{"input": "1", "output": "1"}], "interaction_format": "Ask."}
    tests = {"kind": "dataset", "format": "codeforces", "row": row}
    (outcome,) = judged([{"completion": "print(1)", "tests": tests, "id": "a"}]).values()
    assert outcome.error is not None
    assert outcome.error.code is InvalidCode.TESTS_INVALID


def test_functional_rows_in_leetcode_style(judged: Judged) -> None:
    row = {
        "public_test_cases": json.dumps([{"input": "[1, 2, 3]\n2", "output": "[2, 3]", "testtype": "functional"}]),
        "private_test_cases": "",
        "metadata": '{"func_name": "last"}',
    }
    tests = {"kind": "dataset", "format": "livecodebench", "row": row}
    method = "class Solution:\n    def last(self, xs: List[int], n: int) -> List[int]:\n        return xs[-n:]\n"
    plain = "def last(xs, n):\n    return xs[-n:]\n"
    outcomes = judged([{"completion": c, "tests": tests, "id": i} for i, c in enumerate_ids(method, plain, "x = 1")])
    assert [o.verdict.value for o in outcomes.values()][:2] == ["passed", "passed"]
    assert outcomes["2"].verdict not in (Verdict.PASSED, Verdict.INVALID)


def enumerate_ids(*codes: str) -> list[tuple[str, str]]:
    return [(str(i), code) for i, code in enumerate(codes)]


def in_format(name: str, cases: list[tuple[str, str]]) -> dict[str, Any]:
    """A row of data set `name` with these cases."""
    lists = {"inputs": [i for i, _ in cases], "outputs": [o for _, o in cases]}
    objects = [{"input": i, "output": o} for i, o in cases]
    columns = {"input": lists["inputs"], "output": lists["outputs"]}
    rows: dict[str, dict[str, Any]] = {
        "apps": {"input_output": json.dumps(lists)},
        "taco": {"input_output": json.dumps(lists)},
        "livecodebench": {
            "public_test_cases": json.dumps([{**case, "testtype": "stdin"} for case in objects[:1]]),
            "private_test_cases": packed([{**case, "testtype": "stdin"} for case in objects[1:]]),
        },
        "code_contests": {"public_tests": columns, "time_limit": {"seconds": 20, "nanos": 0}},
        "codeforces": {"official_tests": objects, "time_limit": 20.0, "memory_limit": 1024.0},
        "synthetic1": {
            "verification_info": json.dumps({"test_cases": [{"type": "stdin_stdout", **case} for case in objects]})
        },
        "eurus": {"reward_model": {"ground_truth": json.dumps(lists)}},
        "deepcoder": {"tests": json.dumps(objects)},
        "nemo": {"verifier_metadata": {"unit_tests": {**lists, "fn_name": None}}},
    }
    return rows[name]


def packed(cases: list[Any]) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


FORMATS = ("apps", "taco", "livecodebench", "code_contests", "codeforces", "synthetic1", "eurus", "deepcoder", "nemo")


@pytest.mark.shared_data
def test_stdio_problems_as_rows_of_every_format(judged: Judged, rows: Rows) -> None:
    """Each problem in one format, in turn: its reference passes, and printing nothing does not."""
    problems = [row for row in rows("stdio") if row["language"] == "python"]
    assert len(problems) == 59
    samples = []
    for number, row in enumerate(problems):
        name = FORMATS[number % len(FORMATS)]
        published = in_format(name, [(t["input"], t["output"]) for t in row["tests"]])
        tests = {"kind": "dataset", "format": name, "row": published}
        samples.append({"id": row["id"], "completion": row["reference_solution"], "tests": tests})
        samples.append({"id": f"{row['id']} stub", "completion": "print()", "tests": tests})
    outcomes = judged(samples, limits={"cpu_s": 20, "wall_s": 90, "sample_wall_s": 150})
    told = {i: o.verdict.value for i, o in outcomes.items()}
    assert {i: v for i, v in told.items() if v != ("wrong_answer" if i.endswith(" stub") else "passed")} == {}


@pytest.mark.shared_data
def test_quixbugs_as_calls_of_apps_and_eurus(judged: Judged, rows: Rows) -> None:
    """Lists of arguments beside plain values; references pass, human bugs do not."""
    samples = []
    for number, row in enumerate(rows("quixbugs")):
        if row["id"] in ("QuixBugs/knapsack", "QuixBugs/flatten"):  # 6 GiB and minutes; a generator, not a list
            continue
        calls = [(given if isinstance(given, list) else [given], wanted) for given, wanted in row["raw_tests"]]
        lists = {"inputs": [c[0] for c in calls], "outputs": [c[1] for c in calls], "fn_name": row["entry_point"]}
        eurus = {"reward_model": {"ground_truth": json.dumps(lists)}}
        tests = {"kind": "dataset", "format": "eurus", "row": eurus}
        if number % 2:
            tests = {"kind": "dataset", "format": "apps", "row": {"input_output": json.dumps(lists)}}
        for solution in ("reference_solution", "buggy_solution"):
            samples.append({"id": f"{row['id']} {solution}", "completion": row[solution], "tests": tests})
    outcomes = judged(samples, limits={"cpu_s": 3, "wall_s": 20})
    passed = {i for i, o in outcomes.items() if o.verdict is Verdict.PASSED}
    assert passed == {s["id"] for s in samples if s["id"].endswith("reference_solution")}


def humaneval(row: dict[str, Any]) -> dict[str, Any]:
    published = {"prompt": row["prompt"], "entry_point": row["entry_point"], "test": row["tests"]}
    return {"kind": "dataset", "format": "humaneval", "row": published}


def mbpp(row: dict[str, Any]) -> dict[str, Any]:
    published = {"text": row["prompt"], "test_list": row["tests"], "test_setup_code": row["test_setup"]}
    return {"kind": "dataset", "format": "mbpp", "row": published}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "reader", "field", "passed"),
    [
        ("humaneval", humaneval, "reference_solution", 164),
        ("humaneval", humaneval, "reference_completion", 164),  # bodies, under their prompt
        ("humaneval", humaneval, "stub_solution", 0),
        ("mbpp", mbpp, "reference_solution", 487),
        ("mbpp", mbpp, "stub_solution", 0),
    ],
)
def test_published_rows(judged: Judged, rows: Rows, name: str, reader: Any, field: str, passed: int) -> None:
    samples = [{"id": row["id"], "completion": row[field], "tests": reader(row)} for row in rows(name)]
    outcomes = judged(samples)
    assert sum(o.verdict is Verdict.PASSED for o in outcomes.values()) == passed
    assert [i for i, o in outcomes.items() if o.verdict is Verdict.INVALID] == []
