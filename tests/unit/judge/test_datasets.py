"""Rows as published, each with its quirks. The rows are of our own making."""

from __future__ import annotations

import base64
import json
import pickle
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any, ClassVar

import pytest

from proctor.judge.datasets import READERS, RowFault, RowTests, read_row
from proctor.judge.datasets.livecodebench import unpack
from proctor.wire import DatasetTests, FunctionTests, PytestTests, ScriptTests, StdioTests


def stdio(row: RowTests) -> list[tuple[str, str]]:
    assert isinstance(row.tests, StdioTests)
    assert row.cases == len(row.tests.cases)
    return [(c.stdin, c.stdout) for c in row.tests.cases]


def calls(row: RowTests) -> list[tuple[list[Any], Any]]:
    assert isinstance(row.tests, FunctionTests)
    assert row.cases == len(row.tests.cases)
    assert row.entry_point == row.tests.entry_point
    return [(c.args, c.expected) for c in row.tests.cases]


def script(row: RowTests) -> str:
    assert isinstance(row.tests, ScriptTests)
    return row.tests.code


def apps(**data: Any) -> RowTests:
    starter = data.pop("starter_code", "")
    return read_row("apps", {"question": "Q", "input_output": json.dumps(data), "starter_code": starter})


def test_every_format_of_the_interface_can_be_read() -> None:
    formats = DatasetTests.model_fields["format"].annotation.__args__  # type: ignore[union-attr]
    assert set(READERS) == set(formats)


class TestHumanEval:
    row: ClassVar[dict[str, Any]] = {
        "task_id": "HumanEval/1",
        "prompt": "import math\n\ndef poly(xs, x):\n    return sum(xs) * x\n\ndef find(xs):\n    '''Doc.'''\n",
        "entry_point": "find",
        "canonical_solution": "    return 0\n",
        "test": "def check(candidate):\n    assert poly([1], candidate([1])) == 0\n",
    }

    def test_helpers_come_from_the_prompt(self) -> None:
        code = script(read_row("humaneval", self.row))
        assert code.startswith("import math\n\ndef poly(xs, x):")
        assert "def find" not in code
        assert code.endswith(self.row["test"])

    def test_a_prompt_without_helpers_adds_nothing(self) -> None:
        row = {**self.row, "prompt": "def find(xs):\n    '''Doc.'''\n"}
        assert script(read_row("humaneval", row)) == self.row["test"]

    def test_the_prompt_is_the_prelude_of_a_body(self) -> None:
        read = read_row("humaneval", self.row)
        assert read.prelude == read.problem == self.row["prompt"]
        assert read.entry_point == "find"

    def test_no_test_no_case(self) -> None:
        assert read_row("humaneval", {**self.row, "test": ""}).cases == 0


class TestMbpp:
    def test_setup_stands_in_the_tests_and_so_after_the_solution(self) -> None:
        row = {"text": "Q", "test_list": ["assert f(r) == 1", "assert f(r) == 2"], "test_setup_code": "r = Node(1)"}
        read = read_row("mbpp", row)
        assert script(read) == "r = Node(1)\nassert f(r) == 1\nassert f(r) == 2\n"
        assert (read.cases, read.problem) == (2, "Q")

    def test_sanitized(self) -> None:
        read = read_row(
            "mbpp", {"prompt": "Q", "test_imports": ["import math"], "test_list": ["assert f() == math.pi"]}
        )
        assert script(read) == "import math\nassert f() == math.pi\n"

    def test_challenges_are_left_out(self) -> None:
        row = {"test_list": ["assert f()"], "challenge_test_list": ["assert g()"]}
        assert "g()" not in script(read_row("mbpp", row))

    def test_no_assert_no_case(self) -> None:
        assert read_row("mbpp", {"test_list": []}).cases == 0


class TestInputsOutputs:
    """APPS and all that descend from it."""

    def test_programs(self) -> None:
        assert stdio(apps(inputs=["1\n", "2\n"], outputs=["a\n", "b\n"])) == [("1\n", "a\n"), ("2\n", "b\n")]

    def test_lists_of_lines_are_joined(self) -> None:
        assert stdio(apps(inputs=[["1", "2"]], outputs=[["a", "b"]])) == [("1\n2", "a\nb")]

    def test_calls_with_wrapped_outputs(self) -> None:
        assert calls(apps(fn_name="f", inputs=[[1, 2], [3]], outputs=[[3], [[4]]])) == [([1, 2], 3), ([3], [4])]

    def test_calls_with_plain_outputs(self) -> None:
        assert calls(apps(fn_name="f", inputs=[[1], [2]], outputs=[3, 4])) == [([1], 3), ([2], 4)]
        assert calls(apps(fn_name="f", inputs=[[1], [2]], outputs=[[3], [4, 5]])) == [([1], [3]), ([2], [4, 5])]

    def test_the_starter_code_tells_a_list_of_one_from_a_wrapped_value(self) -> None:
        starter = "class Solution:\n    def f(self, x: List[int]) -> List[int]:\n        "
        assert calls(apps(fn_name="f", inputs=[[1]], outputs=[[3]], starter_code=starter)) == [([1], [3])]
        assert calls(apps(fn_name="f", inputs=[[1]], outputs=[[[3]]], starter_code=starter)) == [([1], [3])]
        assert calls(apps(fn_name="f", inputs=[[1]], outputs=[[3]], starter_code="def f(x) -> int:\n")) == [([1], 3)]

    def test_arguments_by_line(self) -> None:
        read = apps(fn_name="f", inputs=['[1, 2]\n"x"\n'], outputs=["[3]"])
        assert calls(read) == [([[1, 2], "x"], [3])], "and such outputs are never wrapped"

    def test_integer_keys_of_a_first_argument_come_back(self) -> None:
        assert calls(apps(fn_name="f", inputs=[[{"1": "a", "-2": "b"}]], outputs=[1])) == [
            ([{"$py": "{1: 'a', -2: 'b'}"}], 1)
        ]
        assert calls(apps(fn_name="f", inputs=[[{"x": 1}]], outputs=[1])) == [([{"x": 1}], 1)]

    def test_fractions_bring_tolerance_and_integers_none(self) -> None:
        for outputs, tolerant in ([["0.5\n"], True], [["12\n"], False], [["v1.2.3"], False], [["-3.25 7"], True]):
            tests = apps(inputs=["1"], outputs=outputs).tests
            assert isinstance(tests, StdioTests)
            assert (tests.compare.rel_tol > 0) is tolerant
        tests = apps(fn_name="f", inputs=[[1]], outputs=[{"a": [0.5]}]).tests
        assert isinstance(tests, FunctionTests)
        assert tests.compare.rel_tol > 0

    @pytest.mark.parametrize("text", ["", "  ", None])
    def test_a_problem_without_tests(self, text: str | None) -> None:
        assert read_row("apps", {"input_output": text}).cases == 0
        assert read_row("taco", {"input_output": json.dumps({"inputs": [], "outputs": []})}).cases == 0

    def test_big_integers_nan_and_surrogates_survive(self) -> None:
        text = '{"fn_name": "f", "inputs": [[123456789012345678901234567890, NaN]], "outputs": ["\\ud800"]}'
        ((args, expected),) = calls(read_row("apps", {"input_output": text}))
        assert args[0] == 123456789012345678901234567890
        assert args[1] != args[1]
        assert expected == "\ud800"

    @pytest.mark.parametrize(
        ("data", "path"),
        [
            ("{", ()),
            ("[]", ()),
            ('{"inputs": []}', ("outputs",)),
            ('{"inputs": ["1"], "outputs": []}', ("outputs",)),
            ('{"inputs": [3], "outputs": ["1"]}', ("inputs", 0)),
            ('{"inputs": [["1", 2]], "outputs": ["1"]}', ("inputs", 0, 1)),
            ('{"inputs": ["1"], "outputs": [{}]}', ("outputs", 0)),
            ('{"fn_name": 3, "inputs": [], "outputs": []}', ("fn_name",)),
            ('{"fn_name": "f", "inputs": ["[1"], "outputs": [1]}', ("inputs", 0)),
            ('{"fn_name": "f", "inputs": [7], "outputs": [1]}', ("inputs", 0)),
            ("[" * 100_000, ()),
        ],
    )
    def test_faults_point_into_the_row(self, data: str, path: tuple[str | int, ...]) -> None:
        with pytest.raises(RowFault) as raised:
            read_row("apps", {"input_output": data})
        assert raised.value.path == ("input_output", *path)

    def test_eurus(self) -> None:
        truth = json.dumps({"inputs": ["1\n"], "outputs": ["2\n"]})
        assert stdio(read_row("eurus", {"reward_model": {"ground_truth": truth, "style": "rule"}})) == [("1\n", "2\n")]
        with pytest.raises(RowFault) as raised:
            read_row("eurus", {"reward_model": {"ground_truth": "42"}})
        assert raised.value.path == ("reward_model", "ground_truth")

    def test_nemo(self) -> None:
        row = {"verifier_metadata": {"unit_tests": {"inputs": ["1\n"], "outputs": ["2\n"], "fn_name": None}}}
        assert stdio(read_row("nemo", row)) == [("1\n", "2\n")]


class TestLiveCodeBench:
    public: ClassVar[list[Any]] = [{"input": "1\n", "output": "2\n", "testtype": "stdin"}]
    private: ClassVar[list[Any]] = [{"input": "3\n", "output": "4\n", "testtype": "stdin"}]

    def row(self, private: Any, **fields: Any) -> dict[str, Any]:
        return {
            "question_content": "Q",
            "public_test_cases": json.dumps(self.public),
            "private_test_cases": private,
            **fields,
        }

    @staticmethod
    def packed(value: Any, protocol: int = 4) -> str:
        return base64.b64encode(zlib.compress(pickle.dumps(value, protocol))).decode()

    @pytest.mark.parametrize("protocol", [2, 3, 4, 5])
    def test_both_encodings(self, protocol: int) -> None:
        text = json.dumps(self.private)
        for private in (text, self.packed(text, protocol)):
            assert stdio(read_row("livecodebench", self.row(private))) == [("1\n", "2\n"), ("3\n", "4\n")]

    @pytest.mark.parametrize("length", [0, 10, 255, 256, 100_000])
    @pytest.mark.parametrize("protocol", [1, 2, 4, 5])
    def test_pickles_of_one_string(self, protocol: int, length: int) -> None:
        text = "é" * length + "\ud800"
        assert unpack(self.packed(text, protocol), ()) == text

    @pytest.mark.parametrize(
        "value", [["x"], b"x", 3, None, ("a", "b"), {"a": "b"}, print, Exception("x")], ids=lambda v: repr(v)[:12]
    )
    def test_other_pickles_are_not_loaded(self, value: Any) -> None:
        with pytest.raises(RowFault, match="exactly one string"):
            unpack(self.packed(value), ())

    def test_a_pickle_that_would_run_code_runs_nothing(self, tmp_path: Any) -> None:
        class Evil:
            def __reduce__(self) -> Any:
                return (open, (str(tmp_path / "x"), "w"))

        with pytest.raises(RowFault):
            unpack(self.packed(Evil()), ())
        assert not (tmp_path / "x").exists()

    def test_bombs_and_junk(self) -> None:
        with pytest.raises(RowFault, match="more than 1000 bytes"):
            unpack(self.packed("x" * 100_000), (), most=1000)
        whole = base64.b64decode(self.packed(json.dumps(self.private)))
        cut = base64.b64encode(whole[:-6]).decode()
        for junk in ("!!!", "é", base64.b64encode(b"no zlib").decode(), cut, self.packed("x") + "===="):
            with pytest.raises(RowFault) as raised:
                read_row("livecodebench", self.row(junk))
            assert raised.value.path == ("private_test_cases",)

    def test_functional_takes_an_argument_a_line(self) -> None:
        row: ClassVar[dict[str, Any]] = {
            "public_test_cases": json.dumps([{"input": '[1, 2]\n"x"', "output": "[3]", "testtype": "functional"}]),
            "private_test_cases": "[]",
            "metadata": json.dumps({"func_name": "two"}),
            "starter_code": "class Solution:\n    def two(self, a: List[int], b: str) -> int:\n        ",
        }
        read = read_row("livecodebench", row)
        assert calls(read) == [([[1, 2], "x"], [3])]
        assert read.entry_point == "two"

    @pytest.mark.parametrize(
        ("private", "path"),
        [
            ([{"output": "", "testtype": "stdin"}], ("private_test_cases", 0, "input")),
            ([{"input": "", "testtype": "stdin"}], ("private_test_cases", 0, "output")),
            ([{"input": "", "output": 3, "testtype": "stdin"}], ("private_test_cases", 0, "output")),
            ([{"input": "", "output": "", "testtype": "x"}], ("private_test_cases", 0, "testtype")),
            (["x"], ("private_test_cases", 0)),
            ([{"input": "1", "output": "1", "testtype": "functional"}], ("private_test_cases",)),
        ],
    )
    def test_faults_point_to_the_case(self, private: Any, path: tuple[str | int, ...]) -> None:
        with pytest.raises(RowFault) as raised:
            read_row("livecodebench", self.row(json.dumps(private)))
        assert raised.value.path == path

    def test_no_tests_no_case(self) -> None:
        assert read_row("livecodebench", {"public_test_cases": "[]", "private_test_cases": ""}).cases == 0


class TestCaseLists:
    def test_synthetic1(self) -> None:
        info = {"language": "python", "test_cases": [{"type": "stdin_stdout", "input": "1\n", "output": "2\n"}]}
        assert stdio(read_row("synthetic1", {"verification_info": json.dumps(info)})) == [("1\n", "2\n")]
        info["test_cases"] = [{"type": "function_call", "fn_name": "f", "input": [1], "output": [2]}]
        assert calls(read_row("synthetic1", {"verification_info": info})) == [([1], 2)]

    @pytest.mark.parametrize(
        ("tests", "expected"),
        [
            ([{"input": "1", "output": "2", "testtype": "stdin", "metadata": {"func_name": None}}], [("1", "2")]),
            ([{"type": "stdin_stdout", "input": "1", "output": "2"}], [("1", "2")]),
            ([{"input": "1", "output": "2"}], [("1", "2")]),
            ({"inputs": ["1"], "outputs": ["2"]}, [("1", "2")]),
        ],
    )
    def test_deepcoder_programs(self, tests: Any, expected: Any) -> None:
        assert stdio(read_row("deepcoder", {"tests": json.dumps(tests)})) == expected

    @pytest.mark.parametrize(
        "tests",
        [
            [{"input": "1\n2", "output": "3", "testtype": "functional", "metadata": {"func_name": "f"}}],
            [{"type": "function_call", "fn_name": "f", "input": [1, 2], "output": [3]}],
            {"inputs": [[1, 2]], "outputs": [3], "fn_name": "f"},
        ],
    )
    def test_deepcoder_calls(self, tests: Any) -> None:
        assert calls(read_row("deepcoder", {"tests": json.dumps(tests)})) == [([1, 2], 3)]

    def test_programs_and_calls_do_not_mix(self) -> None:
        tests = [
            {"type": "stdin_stdout", "input": "", "output": ""},
            {"type": "function_call", "input": [], "output": 1},
        ]
        with pytest.raises(RowFault, match="programs and calls"):
            read_row("deepcoder", {"tests": json.dumps(tests)})

    def test_no_tests_no_case(self) -> None:
        assert read_row("deepcoder", {"tests": "[]"}).cases == 0
        assert read_row("synthetic1", {"verification_info": {"test_cases": []}}).cases == 0


class TestCodeContests:
    def test_three_lists_and_the_limits(self) -> None:
        row: ClassVar[dict[str, Any]] = {
            "description": "Q",
            "public_tests": {"input": ["1"], "output": ["a"]},
            "private_tests": {"input": [], "output": []},
            "generated_tests": [{"input": "2", "output": "b"}],
            "time_limit": {"seconds": 1, "nanos": 500_000_000},
            "memory_limit_bytes": 256_000_000,
        }
        read = read_row("code_contests", row)
        assert stdio(read) == [("1", "a"), ("2", "b")]
        assert read.limits is not None
        assert read.limits.model_dump(exclude_none=True) == {"cpu_s": 1.5, "memory_mib": 245}

    @pytest.mark.parametrize("limit", [None, 0, {"seconds": 0, "nanos": 0}])
    def test_zero_means_unknown(self, limit: Any) -> None:
        row = {"public_tests": {"input": ["1"], "output": ["a"]}, "time_limit": limit, "memory_limit_bytes": 0}
        assert read_row("code_contests", row).limits is None

    def test_faults(self) -> None:
        for row, path in [
            ({}, ("public_tests",)),
            ({"public_tests": {"input": ["1"], "output": []}}, ("public_tests", "output")),
            ({"public_tests": {"input": [1], "output": ["1"]}}, ("public_tests", "input", 0)),
            ({"private_tests": [{"input": "1"}]}, ("private_tests", 0, "output")),
            ({"public_tests": None, "time_limit": -1}, ("time_limit",)),
        ]:
            with pytest.raises(RowFault) as raised:
                read_row("code_contests", row)
            assert raised.value.path == path


class TestKodCode:
    source = "from solution import add\n\ndef test_a():\n    assert add(1) == 3\ndef test_b():\n    assert add(0)\n"

    def test_a_pytest_file(self) -> None:
        read = read_row("kodcode", {"question": "Q", "test": self.source, "test_info": [{"function_name": "add"}]})
        assert isinstance(read.tests, PytestTests)
        assert read.tests.files == {"test_solution.py": self.source}
        assert read.tests.module == "solution"
        assert (read.cases, read.entry_point) == (2, "add")

    def test_no_test_no_case(self) -> None:
        assert read_row("kodcode", {"test": "from solution import add\n"}).cases == 0


class TestCodeforces:
    checker = "import sys\n\nprint(int(open(sys.argv[3]).read().split()[0]) % 2)\n"
    row: ClassVar[dict[str, Any]] = {
        "id": "1/A",
        "description": "Print any odd number.",
        "input_format": "n",
        "official_tests": [{"input": "1\n", "output": "3\n"}],
        "generated_tests": 0,
        "generated_checker": checker,
        "time_limit": 2.0,
        "memory_limit": 256.0,
        "input_mode": "stdio",
        "interaction_format": None,
    }

    def test_cases_limits_and_text(self) -> None:
        read = read_row("codeforces", self.row)
        assert stdio(read) == [("1\n", "3\n")]
        assert read.limits is not None
        assert read.limits.model_dump(exclude_none=True) == {"cpu_s": 2.0, "memory_mib": 256}
        assert read.problem == "Print any odd number.\n\nn"

    def test_without_a_checker_tokens_are_compared(self) -> None:
        tests = read_row("codeforces", {**self.row, "generated_checker": None}).tests
        assert isinstance(tests, StdioTests)
        assert tests.checker is None

    def test_generated_tests_count_where_they_are_a_list_and_not_where_they_are_a_number(self) -> None:
        row = {**self.row, "generated_tests": [{"input": "2\n", "output": "5\n"}]}
        assert stdio(read_row("codeforces", row)) == [("1\n", "3\n"), ("2\n", "5\n")]

    def test_unknown_limits(self) -> None:
        assert read_row("codeforces", {**self.row, "time_limit": None, "memory_limit": None}).limits is None

    @pytest.mark.parametrize(
        "fields", [{"interaction_format": "Ask the judge."}, {"input_mode": "file"}], ids=["interactive", "files"]
    )
    def test_what_input_and_output_cannot_judge_is_invalid(self, fields: dict[str, Any]) -> None:
        assert read_row("codeforces", {**self.row, **fields}).invalid

    @pytest.mark.parametrize("tests", [None, []])
    def test_no_test_no_case(self, tests: Any) -> None:
        assert read_row("codeforces", {**self.row, "official_tests": tests}).cases == 0

    def test_faults(self) -> None:
        for fields, path in [
            ({"official_tests": [{"input": "1"}]}, ("official_tests", 0, "output")),
            ({"official_tests": [3]}, ("official_tests", 0)),
            ({"generated_checker": 3}, ("generated_checker",)),
            ({"time_limit": -1}, ("time_limit",)),
            ({"memory_limit": "256 MB"}, ("memory_limit",)),
            ({"input_mode": "x"}, ("input_mode",)),
        ]:
            with pytest.raises(RowFault) as raised:
                read_row("codeforces", {**self.row, **fields})
            assert raised.value.path == path

    @pytest.mark.parametrize(
        ("code", "answer", "accepted"),
        [
            (checker, "7", True),  # the set's own convention: a printed score, the candidate's output last
            (checker, "8", False),
            (checker, "seven", False),
            ("import sys\nsys.exit(int(open(sys.argv[2]).read()) % 2 == 0)", "7", True),  # testlib's, by exit code
            ("import sys\nsys.exit(int(open(sys.argv[2]).read()) % 2 == 0)", "8", False),
            ("import sys\nassert open(sys.argv[2]).read() == '7', 'no'", "8", False),
            ("print(0.5)", "7", False),  # part of the points is not a pass
            ("print('0 wrong answer')", "7", False),
            ("print('Wrong answer')", "7", False),
            ("print('ok, one number')", "7", True),
            ("import sys\nprint(1 if open(sys.argv[2]).read() == '3' else 0)\nsys.exit(0)", "8", True),
            ("def main(): print(1)\nif __name__ == '__main__': main()", "7", True),
            ("print(", "7", False),
        ],
    )
    def test_both_conventions_of_checkers(self, code: str, answer: str, accepted: bool, tmp_path: Path) -> None:
        tests = read_row("codeforces", {**self.row, "generated_checker": code}).tests
        assert isinstance(tests, StdioTests)
        assert tests.checker is not None
        program = tmp_path / "checker.py"
        program.write_text(tests.checker.code)
        for name, text in (("input.txt", "1"), ("output.txt", answer), ("expected.txt", "3")):
            (tmp_path / name).write_text(text)
        command = [sys.executable, program, "input.txt", "output.txt", "expected.txt"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
        assert ended.returncode == (0 if accepted else 1), ended.stderr


class TestEvalPlus:
    row: ClassVar[dict[str, Any]] = {
        "prompt": "def half(x):\n    '''Doc.'''\n",
        "entry_point": "half",
        "canonical_solution": "    return x / 2\n",
        "base_input": [[1]],
        "plus_input": [[3], [2.5]],
        "atol": 0,
        "contract": "    assert x > 0\n",
    }

    def check(self, candidate: Any, **fields: Any) -> bool:
        namespace: dict[str, Any] = {}
        exec(script(read_row("evalplus", {**self.row, **fields})), namespace)
        try:
            namespace["check"](candidate)
        except AssertionError:
            return False
        return True

    def test_the_canonical_solution_says_what_is_right(self) -> None:
        assert self.check(lambda x: x / 2)
        assert self.check(lambda x: x / 2 + 1e-9)
        assert not self.check(lambda x: x / 2 + 1e-3)
        assert self.check(lambda x: x / 2 + 1e-3, atol=1e-2)
        assert not self.check(lambda x: None)

    def test_changing_the_arguments_changes_nothing(self) -> None:
        fields = {"canonical_solution": "    return sorted(x)\n", "base_input": [[[2, 1]]], "plus_input": []}
        assert self.check(sorted, **fields)
        assert not self.check(lambda x: x.clear() or [], **fields)

    def test_a_published_script_is_taken_as_it_is(self) -> None:
        read = read_row("evalplus", {"test_list": [], "prompt": "Q", "test": "assert f(1) == 1\n"})
        assert script(read) == "assert f(1) == 1\n"
        assert read.prelude is None

    def test_no_input_no_case(self) -> None:
        assert read_row("evalplus", {**self.row, "base_input": [], "plus_input": []}).cases == 0

    @pytest.mark.parametrize(
        ("number", "published", "given"),
        [
            (1, [[1], "x"], [[1], "x"]),
            (2, [[1, 2], [3]], [(1, 2), (3,)]),
            (63, [[[1, 2], [3, 4]]], [[(1, 2), (3, 4)]]),
            (75, [[[1], [2]], 2], [[(1,), (2,)], 2]),
            (106, [[1], [2]], [[1], (2,)]),
            (115, [[[1, 1], []]], [[{1}, {}]]),
            (124, ["1.5", "2j"], [1.5, 2j]),
            (250, [[1, 2], 1], [(1, 2), 1]),
            (252, ["(1+2j)"], [1 + 2j]),
            (259, [[[1, 2]], [[3]]], [((1, 2),), ((3,),)]),
            (278, [[1, [2, 3]]], [(1, (2, 3))]),
            (307, [[1, 2], 0, 5], [(1, 2), 0, 5]),
            (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
            (722, [{"a": [1, 2]}, 3, 4], [{"a": (1, 2)}, 3, 4]),
        ],
    )
    def test_mbpp_plus_inputs_get_their_types_back(self, number: int, published: Any, given: Any) -> None:
        seen: list[Any] = []
        fields = {
            "task_id": f"Mbpp/{number}",
            "canonical_solution": "def half(*xs):\n    return 0\n",
            "prompt": "",
            "base_input": [],
            "plus_input": [published],
        }
        assert self.check(lambda *args: seen.append(list(args)) or 0, **fields)
        assert repr(seen) == repr([given])

    def test_only_mbpp_plus_lost_types(self) -> None:
        fields = {"task_id": "HumanEval/2", "base_input": [[[1]]], "canonical_solution": "    return x\n"}
        assert self.check(lambda x: x, **fields, plus_input=[])

    @pytest.mark.parametrize(
        ("name", "want", "right", "wrong"),
        [
            ("similar_elements", "(1, 2)", (2, 1), (1, 3)),
            ("sum_div", "7", 0, 6),
            ("check_str", "True", "a match", None),
            ("are_equivalent", "True", False, None),
        ],
    )
    def test_tasks_with_more_than_one_right_answer(self, name: str, want: str, right: Any, wrong: Any) -> None:
        fields = {
            "task_id": "Mbpp/9999",
            "prompt": "",
            "entry_point": name,
            "canonical_solution": f"def {name}(x):\n    return {want}\n",
        }
        assert self.check(lambda x: right, **fields)
        assert self.check(lambda x: wrong, **fields) is (name == "are_equivalent")

    def test_any_root_of_humaneval_32(self) -> None:
        fields = {
            "task_id": "HumanEval/32",
            "prompt": "def find_zero(xs):\n",
            "entry_point": "find_zero",
            "base_input": [[[-1, 0, 1]]],
            "plus_input": [],
            "atol": 1e-4,
        }
        assert self.check(lambda xs: -1.0, **fields, canonical_solution="    return 1.0\n")
        assert not self.check(lambda xs: 0.5, **fields, canonical_solution="    return 1.0\n")

    def test_values_are_of_one_type(self) -> None:
        fields = {"base_input": [[0]], "plus_input": [], "canonical_solution": "    return (0.5, x)\n"}
        assert self.check(lambda x: (0.5, x), **fields)
        assert not self.check(lambda x: [0.5, x], **fields)

    def test_nan_and_big_integers_survive(self) -> None:
        fields = {"base_input": [[float("nan")], [10**30]], "plus_input": [], "canonical_solution": "    return x\n"}
        assert self.check(lambda x: x, **fields)
        assert not self.check(lambda x: float(x), **fields)

    def test_an_input_is_a_list_of_arguments(self) -> None:
        with pytest.raises(RowFault) as raised:
            read_row("evalplus", {**self.row, "plus_input": [[1], 2]})
        assert raised.value.path == ("plus_input", 1)


FIELDS = (
    *("prompt", "test", "entry_point", "test_list", "base_input", "plus_input", "canonical_solution", "atol"),
    *("input_output", "starter_code", "question", "public_test_cases", "private_test_cases", "metadata"),
    *(
        "official_tests",
        "generated_checker",
        "memory_limit",
        "interaction_format",
        "public_tests",
        "time_limit",
        "verification_info",
        "reward_model",
        "tests",
        "verifier_metadata",
        "test_info",
    ),
)


@pytest.mark.parametrize("format", sorted(READERS))
@pytest.mark.parametrize("junk", [None, 3, "x", [], {}, [None], {"inputs": 3}, "\x00", "[[", [[[]]]], ids=repr)
def test_any_junk_is_a_fault_or_no_case_and_never_another_error(format: str, junk: Any) -> None:
    for row in ({}, dict.fromkeys(FIELDS, junk), *({name: junk} for name in FIELDS)):
        read, fault = outcome(format, row)
        if fault is None:
            assert read is not None
            assert read.cases == 0 or read.tests is not None
        else:
            assert fault.detail
            assert all(isinstance(part, str | int) for part in fault.path)


def outcome(format: str, row: dict[str, Any]) -> tuple[RowTests | None, RowFault | None]:
    try:
        return read_row(format, row), None
    except RowFault as fault:
        return None, fault
