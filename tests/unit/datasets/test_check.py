"""What `check-dataset` finds, each kind once, and that it finds nothing where nothing is wrong."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from check_fakes import MOST, Service, check, program

from proctor.datasets import files
from proctor.datasets.check import PORTION_CHARS, portions
from proctor.datasets.clean import cleaned
from proctor.datasets.findings import MEANING, Checked, Kind
from proctor.datasets.probes import Bounds
from proctor.datasets.problem import problem_of
from proctor.datasets.report import Report
from proctor.wire import Limits, LimitsOverride

BOUNDS = Bounds(Limits(), MOST, LimitsOverride())
RIGHT = "print('7')"


def kinds(row: dict[str, Any] | None, **options: Any) -> list[str]:
    (checked,) = check(row, **options)
    return [finding.kind.value for finding in checked.findings]


def test_every_kind_has_a_meaning() -> None:
    assert set(MEANING) == set(Kind)


def test_a_good_row_is_clean() -> None:
    (checked,) = check(program("7\n", RIGHT, stub_solution="print('0')", incorrect_solutions=["print('8')"]))
    assert checked.findings == []
    assert checked.checked
    assert checked.runs[0].verdicts == {"x1": ["passed"] * 3}
    assert checked.suggestion is not None
    assert checked.suggestion.name == "tokens"


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (None, "malformed"),
        ({"tests": [{"input": "1"}]}, "malformed"),
        ({"tests": []}, "no_tests"),
        ({"official_tests": [{"input": "1", "output": "1"}], "interaction_format": "Ask."}, "tests_invalid"),
        (program("7", "print('8')"), "reference_fails"),
        (program("7", "# ends: runtime_error"), "reference_fails"),
        (program("7", "# ends: time_limit"), "times_out"),
        (program("7", "# ends: time_limit below 20"), "limits_too_tight"),
        (program("7", "# ends: memory_limit below 40"), "limits_too_tight"),
        (program("7", "# ends: flaky"), "flaky"),
        (program("7", "# ends: runtime_error below 11"), "flaky"),  # no limit, and yet it passes later
        (program(" \n", RIGHT.replace("7", "")), "empty_passes"),
        (program("7", RIGHT, stub_solution="print('7')  # stub"), "stub_passes"),
        (program("7", RIGHT, incorrect_solutions=["print('7') # wrong"]), "wrong_passes"),
        (program("7", RIGHT, prompt="If there are multiple answers, print any of them."), "needs_checker"),
        (program("Yes", "print('YES')"), "needs_comparator"),
        (program("0.333", "print('0.33301')", checker={"tolerance": 0}), "needs_comparator"),
        (program("7", "print('7')  # uses: 6"), "near_limits"),
        (program("7", RIGHT, "print('8')"), "references_disagree"),
        (program("7", "# ends: invalid"), "not_judged"),
        (program("7", "# ends: busy"), "not_judged"),  # time ran out on the wall, and not on the CPU
    ],
)
def test_each_kind_is_found(row: Any, kind: str) -> None:
    assert kinds(row) == [kind]


@pytest.mark.parametrize(
    ("cases", "found"),
    [
        ([("1", "a"), ("2", "b"), ("1", "a")], ["duplicate_tests"]),
        ([("1", "a"), ("2", "b"), ("1", "b")], ["contradictory_tests"]),
        ([("1", "a"), ("2", "a\n")], ["constant_answer"]),
        ([("1", "a"), ("1", "a\n"), ("2", "b")], ["duplicate_tests"]),
    ],
)
def test_what_the_tests_show_by_themselves(cases: list[tuple[str, str]], found: list[str]) -> None:
    assert kinds({"tests": [{"input": i, "output": o} for i, o in cases]}) == found


def test_repeated_asserts_and_test_functions() -> None:
    code = "def check(f):\n" + "    assert f(1) == 2\n" * 2 + "    assert f(\n        1)\n    assert f(\n        2)\n"
    assert kinds({"prompt": "p", "entry_point": "f", "test": code}) == ["duplicate_tests"]
    again = "from solution import f\ndef test_a():\n    assert f(1)\ndef test_a():\n    assert f(2)\n"
    assert kinds({"question": "Q", "test": again, "test_info": []}) == ["duplicate_tests"]


@pytest.mark.parametrize(
    ("language", "code", "found"),
    [
        ("rust", "#[test]\nfn a() {\n  // assert_eq!(f(1), 2);\n /* assert!(f(2)); */ }", ["no_tests"]),
        ("rust", "#[test]\nfn a() { assert_eq!(f(1), 2); }", []),
        ("js", "console.assert(f(1) === 2)", []),
        ("cpp", "int main() { /* assert(f()); */ }", ["no_tests"]),
        ("python", "# assert f(1) == 2\nf(1)", []),  # left to the stubs
    ],
)
def test_assertions_that_are_commented_out(language: str, code: str, found: list[str]) -> None:
    assert kinds({"language": language, "tests": code}) == found


def test_an_earlier_row_with_the_same_tests() -> None:
    first, second = check(program("7", RIGHT), program("7", RIGHT, prompt="other words"))
    assert first.findings == []
    assert [f.kind.value for f in second.findings] == ["duplicate_problem"]
    assert "row 1" in second.findings[0].detail


def test_rows_without_a_reference_are_not_faulty_and_not_checked() -> None:
    (checked,) = check(program("7"))
    assert (checked.findings, checked.checked) == ([], False)


def test_a_solution_in_a_language_that_is_not_there_is_not_run() -> None:
    row = program("7", solutions={"language": [3, 2], "solution": [RIGHT, "int main() {}"]})
    (checked,) = check(row)
    assert [runs.solution for runs in checked.runs] == ["solutions[0]"]


def test_submissions_count_by_their_outcome() -> None:
    handed_in = [
        {"declared_verdict": verdict, "language": "python", "solution": f"print('{n}')"}
        for n, verdict in enumerate(["accepted", "accepted", "wrong_answer", "time_limit_exceeded"])
    ]
    row = program("7", submissions=handed_in)
    found = problem_of(files.Row(1, row)).solutions
    assert [s.name for s in found.right] == ["submissions[0]", "submissions[1]"]
    assert [s.name for s in found.wrong] == ["submissions[2]"], "a time limit depends on the machine"


def test_runs_and_limits() -> None:
    service = Service()
    check(program("7", "# ends: time_limit", time_limit=2.0), service=service, runs=2)
    limits = [s["limits"] for s in service.samples if "time_limit" in s["completion"]]
    assert [round(limit["cpu_s"]) for limit in limits] == [2, 2, 4, 8]
    assert limits[2]["memory_mib"] == 2048
    assert len({json.dumps(s) for s in service.samples}) == len(service.samples), "equal samples would run once"


def test_a_row_that_the_service_refuses_costs_the_others_nothing() -> None:
    first, second, third = check(program("7", RIGHT), program("8", "# refuse me"), program("9", "print('9')"))
    assert [f.kind.value for f in second.findings] == ["tests_invalid"]
    assert first.findings == third.findings == []
    assert first.checked
    assert third.checked


def test_large_tests_are_held_a_few_at_a_time() -> None:
    large = {"tests": [{"input": "x" * (PORTION_CHARS // 2 + 1), "output": ""}]}
    problems = [problem_of(files.Row(i, row)) for i, row in enumerate([large] * 3 + [program("7")] * 3)]
    assert [len(portion) for portion in portions(problems)] == [2, 4]


def test_limits_stay_within_the_service_s_own() -> None:
    service = Service()
    check(program("7", "# ends: time_limit", time_limit=200.0), service=service)
    assert max(s["limits"]["cpu_s"] for s in service.samples) == MOST.cpu_s


@pytest.mark.parametrize(
    ("answer", "printed", "name", "compare"),
    [
        ("7 x", "7 x", "tokens", {}),
        ("Yes", "YES", "case", {"ignore_case": True}),
        ("0.3333333", "0.33333333", "tolerance", {"abs_tol": 1e-6, "rel_tol": 1e-6}),
        ("Pi 3.14159", "pi 3.141590001", "case and tolerance", {"ignore_case": True, "abs_tol": 1e-6, "rel_tol": 1e-6}),
        ("0.25", "0.25", "tolerance", {"abs_tol": 0.01, "rel_tol": 0.01}),  # others may round it otherwise
    ],
)
def test_the_strictest_comparison_that_fits(answer: str, printed: str, name: str, compare: dict[str, Any]) -> None:
    (checked,) = check(program(answer, f"print('{printed}')", checker={"tolerance": 0}))
    assert checked.suggestion is not None
    assert (checked.suggestion.name, checked.suggestion.compare) == (name, compare)
    assert "1 of 1 reference solutions pass" in " ".join(checked.suggestion.evidence)


def test_the_statement_names_the_tolerance() -> None:
    prompt = "Your answer is right if its absolute or relative error does not exceed 10^{-4}."
    (checked,) = check(program("0.25", "print('0.25')", prompt=prompt))
    assert checked.suggestion is not None
    assert checked.suggestion.compare == {"abs_tol": 1e-4, "rel_tol": 1e-4}
    assert any("statement allows" in told for told in checked.suggestion.evidence)


def test_the_stated_tolerance_counts_where_a_stricter_one_would_do() -> None:
    prompt = "An absolute or relative error of 10^-4 is allowed."
    for stated, tolerance in ((prompt, 1e-4), ("Q", 1e-6)):
        (checked,) = check(program("4.7", "print('4.7000000000001')", prompt=stated, checker={"tolerance": 0}))
        assert checked.suggestion is not None
        assert checked.suggestion.compare == {"abs_tol": tolerance, "rel_tol": tolerance}


def test_bodies_stand_below_their_prompt() -> None:
    service = Service()
    row = {"prompt": "def f(x):\n", "entry_point": "f", "test": "def check(f): assert f(1)\n"}
    check({**row, "canonical_solution": "    return x\n"}, service=service)
    assert "def f(x):\n    return x\n" in service.samples[0]["completion"]
    assert any("def f(*args" in s["completion"] for s in service.samples), "a stub of the entry point"


def test_solutions_in_fences_and_with_fences_in_them() -> None:
    service = Service()
    check(program("7", f"Here:\n```python\n{RIGHT}\n```\n"), program("~", "print('~~~~')"), service=service)
    assert service.samples[0]["completion"] == f"~~~~python\n{RIGHT}\n\n~~~~\n"
    fenced = [s["completion"] for s in service.samples if "print('~~~~')" in s["completion"]]
    assert fenced[0].startswith("~~~~~python")


# the cleaned file


def clean(row: dict[str, Any], **options: Any) -> dict[str, Any] | None:
    (checked,) = check(row)
    return cleaned(problem_of(files.Row(1, row)), checked, BOUNDS, **options)


def test_good_rows_stay_as_they_are_and_faulty_ones_go() -> None:
    good = program("7", RIGHT)
    assert clean(good) == good
    assert clean(program("7", "print('8')")) is None


def test_strict_keeps_only_what_was_run() -> None:
    assert clean(program("7")) is not None
    assert clean(program("7"), strict=True) is None


def test_repeated_tests_leave_a_published_row_in_its_own_format() -> None:
    lists = {"inputs": ["1", "2", "1"], "outputs": ["a", "b", "a"]}
    row = {"question": "Q", "input_output": json.dumps(lists), "solutions": ""}
    assert clean(row) == {**row, "input_output": json.dumps({"inputs": ["1", "2"], "outputs": ["a", "b"]})}


def test_rows_of_ours_get_the_comparison_and_the_limits() -> None:
    tests = {"kind": "stdio", "cases": [{"stdin": "1", "stdout": "Yes"}]}
    kept = clean({"tests": tests, "reference_solution": "print('YES')"})
    assert kept is not None
    assert kept["tests"]["compare"] == {"ignore_case": True}
    kept = clean({"tests": json.dumps(tests), "reference_solution": "print('YES')"})
    assert kept is not None
    assert json.loads(kept["tests"])["compare"] == {"ignore_case": True}
    kept = clean({"tests": tests, "reference_solution": "# ends: time_limit below 20"})
    assert kept is not None
    assert kept["limits"]["cpu_s"] == 20


# reports


def report(*rows: Any) -> Report:
    return Report({"file": "<b>\ud800.jsonl"}, check(*rows))


ODD = program("9", "print('8')", id="<script>alert(1)</script>\ud800")


def test_the_page_is_whole_and_escapes_what_rows_hold() -> None:
    from proctor.datasets.html import page

    text = page(report(ODD, program("Yes", "print('YES')"), program("7", RIGHT)))
    text.encode("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<svg") == 4
    assert "http" not in text, "nothing from elsewhere"
    assert text.count("<table>") == text.count("</table>") == 3


def test_the_plots_are_well_formed() -> None:
    from xml.etree import ElementTree

    from proctor.datasets.html import page

    plots = re.findall(r"<svg.*?</svg>", page(report(ODD, program("7", RIGHT))), re.DOTALL)
    bars = [ElementTree.fromstring(plot).findall("rect") for plot in plots]
    assert [len(found) for found in bars] == [1, 5, 8, 8]
    for found in bars:
        assert all(0 <= float(bar.attrib["width"]) <= 640 for bar in found)


def test_numbers_of_a_report() -> None:
    made = report(ODD, program("7", RIGHT), program("7"), None)
    summary = made.summary()
    assert (summary["rows"], summary["clean"], summary["faulty"], summary["checked"]) == (4, 1, 2, 2)
    assert summary["findings"] == {"malformed": 1, "reference_fails": 1, "duplicate_problem": 1}
    assert json.loads(files.dump(made.plain()))["rows"][0]["findings"][0]["severity"] == "fault"
    assert not made.is_clean
    assert Report({}, check(program("7", RIGHT))).is_clean


def test_the_same_rows_make_the_same_report() -> None:
    rows = [ODD, program("7", RIGHT), program("Yes", "print('YES')"), None]
    assert report(*rows).plain() == report(*rows).plain()


def test_the_terminal_report_names_rows_and_evidence() -> None:
    from rich.console import Console

    from proctor.datasets.report import show

    console = Console(record=True, width=200)
    show(report(ODD, program("Yes", "print('YES')")), console)
    text = console.export_text()
    assert "reference_fails" in text
    assert "needs_comparator" in text
    assert "'YES', 'Yes' expected" in text


def test_checked_rows_are_plain_json() -> None:
    rows: list[Checked] = check(ODD)
    assert json.loads(json.dumps(rows[0].plain()))["references"][0]["verdicts"]["x2"] == ["wrong_answer"]
