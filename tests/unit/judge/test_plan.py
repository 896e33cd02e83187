"""From a request to units of work."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest

from proctor.errors import InvalidRequest
from proctor.judge.plan import MAX_FAULTS, Plan, canonical, needed_refs, plan_batch, resolve
from proctor.wire import BatchRequest, InvalidCode, Limits, TestsAdapter, Verdict

STDIO = {"kind": "stdio", "cases": [{"stdin": "1\n", "stdout": "1\n"}]}
FUNCTION = {"kind": "function", "entry_point": "f", "cases": [{"args": [1], "expected": 1}] * 3}
LIMITS_MAX = Limits(cpu_s=100, wall_s=300, memory_mib=4096, sample_wall_s=900)


def sample(**fields: Any) -> dict[str, Any]:
    return {"completion": "print(input())", "tests": STDIO, **fields}


def plan(request: dict[str, Any], *, fetched: dict[str, bytes] | None = None, **options: Any) -> Plan:
    named: dict[str, Any] = {
        "owner": "key",
        "limits_default": Limits(),
        "limits_max": LIMITS_MAX,
        "languages": {"python": "3.11"},
        "sandbox_name": "image",
    }
    return plan_batch(BatchRequest.model_validate(request), fetched=fetched or {}, **{**named, **options})


def faults(request: dict[str, Any], **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as raised:
        plan(request, **options)
    return {fault.pointer: fault.detail for fault in raised.value.faults}


class TestSamples:
    def test_one(self) -> None:
        made = plan(
            {
                "samples": [
                    sample(
                        id="a",
                        group="g",
                        group_size=1,
                        prompt="P",
                        completion="<think>hm</think><answer>print(1)</answer>",
                        finish_reason="length",
                    )
                ],
                "reward": {"format": "think-answer"},
                "run": "r",
                "step": 3,
                "priority": 2,
                "deadline_s": 100,
            }
        )
        (planned,) = made.samples
        assert (planned.index, planned.id, planned.group, planned.group_size) == (0, "a", "g", 1)
        assert (planned.prompt, planned.reasoning, planned.format) == ("P", "hm", 1.0)
        assert planned.flags == ("truncated",)
        assert planned.known is None
        assert planned.unit is not None
        assert planned.unit.code == "print(1)"
        assert planned.unit.stop == "first_failure"
        assert (made.run, made.step, made.priority, made.deadline_s) == ("r", 3, 2, 100)

    def test_stop_follows_the_policy(self) -> None:
        made = plan({"samples": [sample()], "reward": {"policy": "pass-rate"}})
        assert made.samples[0].unit is not None
        assert made.samples[0].unit.stop == "all"

    def test_without_reasoning_there_is_none(self) -> None:
        assert plan({"samples": [sample()]}).samples[0].reasoning is None
        assert plan({"samples": [sample(reasoning="")]}).samples[0].reasoning == ""

    def test_the_answer_is_never_part_of_the_reasoning(self) -> None:
        made = plan({"samples": [sample(completion="<think>thought</think>```\nprint(1)\n```")]})
        assert made.samples[0].reasoning == "thought"

    @pytest.mark.parametrize("completion", ["", "I do not know how to do that.", "<think>```\nprint(1)\n```"])
    def test_no_code(self, completion: str) -> None:
        planned = plan({"samples": [sample(completion=completion, tests=FUNCTION)]}).samples[0]
        assert planned.unit is None
        assert planned.known is not None
        assert planned.known.verdict is Verdict.NO_CODE
        assert [c.verdict for c in planned.known.cases] == [Verdict.NOT_RUN] * 3

    @pytest.mark.parametrize(
        "tests",
        [
            {"kind": "stdio", "cases": []},
            {"kind": "function", "entry_point": "f", "cases": []},
            {"kind": "script", "code": " \n"},
            {"kind": "pytest", "files": {"test_a.py": "\n"}},
            {"kind": "dataset", "format": "apps", "row": {"input_output": ""}},
        ],
    )
    @pytest.mark.parametrize("completion", ["print(1)", ""])
    def test_tests_without_a_case_are_invalid_whatever_the_code(self, tests: dict[str, Any], completion: str) -> None:
        planned = plan({"samples": [sample(tests=tests, completion=completion)]}).samples[0]
        assert planned.unit is None
        assert planned.known is not None
        assert planned.known.verdict is Verdict.INVALID
        assert planned.known.error is not None
        assert planned.known.error.code is InvalidCode.TESTS_INVALID

    def test_a_body_is_put_under_its_prompt(self) -> None:
        row = {"prompt": 'def f(x):\n    """Doc."""\n', "entry_point": "f", "test": "def check(c): assert c(1) == 1"}
        tests = {"kind": "dataset", "format": "humaneval", "row": row}
        whole = "def f(x):\n    return x\n"
        made = plan({"samples": [sample(tests=tests, completion=c) for c in ("    return x\n", whole)]})
        codes = [s.unit.code for s in made.samples if s.unit]
        assert codes == ['def f(x):\n    """Doc."""\n    return x\n', whole]
        assert made.samples[0].prompt == row["prompt"]

    def test_a_method_of_class_solution_is_found(self) -> None:
        method = "class Solution:\n    def f(self, x):\n        return x\n"
        both = method + "\ndef f(x):\n    return x\n"
        codes = [method, both, "def f(x):\n    return x\n", method.replace("x", "y"), "class Solution:\n    pass\n"]
        made = plan({"samples": [sample(tests=FUNCTION, completion=code) for code in codes]})
        called = [json.loads(made.test_sets[s.unit.tests_sha256])["entry_point"] for s in made.samples if s.unit]
        assert called == ["Solution.f", "f", "f", "Solution.f", "f"]
        assert len(made.test_sets) == 2


class TestUnits:
    def keys(self, *requests: dict[str, Any], **options: Any) -> list[str]:
        return [s.unit.key for r in requests for s in plan(r, **options).samples if s.unit]

    def test_equal_work_has_one_key(self) -> None:
        one = {"samples": [sample(id="a"), sample(id="b", completion="```\nprint(input())\n```")]}
        assert len(set(self.keys(one))) == 2, "a newline more is other code"
        assert len(set(self.keys({"samples": [sample(id="a"), sample(id="b", prompt="x")]}))) == 1

    def test_whatever_decides_the_verdict_is_in_the_key(self) -> None:
        base = {"samples": [sample()]}
        keys = [
            *self.keys(base),
            *self.keys({"samples": [sample(completion="print(2)")]}),
            *self.keys({"samples": [sample(tests=FUNCTION)]}),
            *self.keys({**base, "limits": {"cpu_s": 1}}),
            *self.keys({**base, "stop": "all"}),
            *self.keys(base, owner="other"),
            *self.keys(base, sandbox_name="other"),
        ]
        assert len(set(keys)) == len(keys)

    def test_lone_surrogates_are_kept_apart(self) -> None:
        a, b = self.keys({"samples": [sample(completion=f"print('{c}')") for c in ("\ud800", "\ud801")]})
        assert a != b


class TestTestSets:
    def test_by_name_by_reference_and_inline_are_one(self) -> None:
        body = json.dumps(STDIO, indent=2).encode()
        sha = hashlib.sha256(body).hexdigest()
        request = {
            "samples": [sample(), sample(tests="t"), sample(tests={"ref": sha}), sample(tests="r")],
            "tests": {"t": STDIO, "r": {"ref": sha}, "unused": {"ref": "0" * 64}},
        }
        assert needed_refs(BatchRequest.model_validate(request)) == {sha}
        made = plan(request, fetched={sha: body})
        (stored,) = made.test_sets.items()
        assert {s.unit.tests_sha256 for s in made.samples if s.unit} == {stored[0]}
        assert hashlib.sha256(stored[1]).hexdigest() == stored[0]
        assert TestsAdapter.validate_python(json.loads(stored[1])) == TestsAdapter.validate_python(STDIO)

    def test_an_unknown_name(self) -> None:
        assert "/samples/0/tests" in faults({"samples": [sample(tests="x\ud800")]})

    def test_an_unknown_reference(self) -> None:
        with pytest.raises(InvalidRequest) as raised:
            plan({"samples": [sample(tests={"ref": "0" * 64})]})
        assert raised.value.problem_type == "test_set_unknown"
        assert raised.value.faults[0].pointer == "/samples/0/tests/ref"

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind": "stdio"}', b'{"kind": "dataset"}', b"\xff"])
    def test_an_uploaded_set_that_does_not_parse(self, body: bytes) -> None:
        assert "/samples/0/tests/ref" in faults(
            {"samples": [sample(tests={"ref": "0" * 64})]}, fetched={"0" * 64: body}
        )

    def test_order_numbers_and_odd_characters_survive(self) -> None:
        value = {"b": 1, "a": [10**40, 1.5, None, True, "\ud800\u2028\x00"]}
        tests = {"kind": "function", "entry_point": "f", "cases": [{"args": [value], "expected": float("nan")}]}
        (body,) = plan({"samples": [sample(tests=tests)]}).test_sets.values()
        back = json.loads(body)["cases"][0]
        assert list(back["args"][0]) == ["b", "a"]
        assert back["args"][0] == value
        assert back["expected"] != back["expected"]

    def test_shared_sets_are_encoded_once(self) -> None:
        """10,000 samples that refer to 100 sets of 1 MB: the sets' cost, not the samples' times the sets'."""
        sets = {f"t{i}": {"kind": "stdio", "cases": [{"stdin": "x" * 1_000_000, "stdout": f"{i}"}]} for i in range(100)}
        request = {"samples": [sample(tests=f"t{i % 100}") for i in range(10_000)], "tests": sets}
        validated = BatchRequest.model_validate(request)
        start = time.process_time()
        made = plan_batch(
            validated,
            owner="o",
            limits_default=Limits(),
            limits_max=LIMITS_MAX,
            languages={"python"},
            sandbox_name="i",
            fetched={},
        )
        assert len(made.test_sets) == 100
        assert time.process_time() - start < 10


class TestLimits:
    def limits(self, request: dict[str, Any]) -> Limits:
        unit = plan(request).samples[0].unit
        assert unit is not None
        return unit.limits

    def test_sample_over_row_over_request_over_defaults(self) -> None:
        row = {"public_tests": {"input": ["1"], "output": ["1"]}, "time_limit": {"seconds": 2, "nanos": 500_000_000}}
        tests = {"kind": "dataset", "format": "code_contests", "row": row}
        request = {"samples": [sample(tests=tests)], "limits": {"cpu_s": 7, "memory_mib": 99}}
        limits = self.limits(request)
        assert (limits.cpu_s, limits.memory_mib, limits.wall_s) == (2.5, 99, 30.0)
        request["samples"] = [sample(tests=tests, limits={"cpu_s": 3, "disk_mib": 1})]
        assert (self.limits(request).cpu_s, self.limits(request).disk_mib) == (3, 1)

    def test_a_sample_takes_half_the_deadline_at_most(self) -> None:
        assert self.limits({"samples": [sample()], "deadline_s": 50}).sample_wall_s == 25
        assert self.limits({"samples": [sample()], "deadline_s": 500}).sample_wall_s == 60
        assert plan({"samples": [sample()], "deadline_s": 50}).limits.sample_wall_s == 25

    def test_above_the_maxima(self) -> None:
        found = faults({"samples": [sample(limits={"cpu_s": 101})], "limits": {"memory_mib": 5000, "wall_s": 300}})
        assert set(found) == {"/samples/0/limits/cpu_s", "/limits/memory_mib"}
        assert "maximum of 100" in found["/samples/0/limits/cpu_s"]

    def test_a_row_above_the_maxima(self) -> None:
        row = {"public_tests": {"input": ["1"], "output": ["1"]}, "time_limit": 200, "memory_limit_bytes": 1 << 40}
        request = {
            "samples": [sample(tests="t")],
            "tests": {"t": {"kind": "dataset", "format": "code_contests", "row": row}},
        }
        assert set(faults(request)) >= {"/tests/t/row/time_limit", "/tests/t/row/memory_limit_bytes"}


class TestFaults:
    @pytest.mark.parametrize(
        ("language", "kind", "has"),
        [
            ("c", "script", "stdio"),
            ("c", "function", "stdio"),
            ("go", "function", "stdio, script"),
            ("cpp", "pytest", "stdio, function, script"),
        ],
    )
    def test_a_kind_that_the_language_lacks(self, language: str, kind: str, has: str) -> None:
        tests = {"script": {"kind": kind, "code": "x"}, "pytest": {"kind": kind, "files": {"test_a.py": "x"}}}
        request = {"samples": [sample(language=language, tests=tests.get(kind, FUNCTION))]}
        found = faults(request, languages={language: "1"})
        assert found == {"/samples/0/language": f"{language} has no tests of kind {kind}; it has {has}"}

    def test_an_unknown_language_names_those_there_are(self) -> None:
        found = faults({"samples": [sample(), sample(language="cobol")]}, languages={"python": "3", "cpp": "13"})
        assert found == {"/samples/1/language": "'cobol' is not available; these languages are: cpp, python"}

    def test_a_checkers_language_counts_too(self) -> None:
        tests = {**STDIO, "checker": {"language": "cobol", "code": "x"}}
        assert "/samples/0/tests/checker/language" in faults({"samples": [sample(tests=tests)]})

    def test_too_many_samples(self) -> None:
        assert "maximum of 2" in faults({"samples": [sample()] * 3}, max_samples=2)["/samples"]

    def test_a_malformed_row_is_told_once_with_its_field(self) -> None:
        row = {"kind": "dataset", "format": "humaneval", "row": {"prompt": "p", "entry_point": 3, "test": "t"}}
        found = faults({"samples": [sample(tests="a/b~c")] * 3, "tests": {"a/b~c": row}})
        assert found == {"/tests/a~1b~0c/row/entry_point": "this must be a string, not an integer"}

    def test_faults_are_bounded(self) -> None:
        assert len(faults({"samples": [sample(language="x")] * 1000})) == MAX_FAULTS


class TestSoftGate:
    def request(self, *groups: tuple[str | None, int | None]) -> dict[str, Any]:
        samples = [sample(group=g, group_size=n) for g, n in groups]
        return {"samples": samples, "reward": {"policy": "soft-gate"}}

    def test_whole_groups(self) -> None:
        assert len(plan(self.request(("a", 2), ("b", 1), ("a", 2))).samples) == 3

    @pytest.mark.parametrize(
        ("groups", "pointer"),
        [
            ([("a", 2)], "/samples/0/group_size"),
            ([("a", 1), ("a", 1)], "/samples/0/group_size"),
            ([("a", None)], "/samples/0/group_size"),
            ([(None, 1)], "/samples/0/group"),
            ([("a", 2), ("a", 3)], "/samples/1/group_size"),
        ],
    )
    def test_split_or_unknown_groups_are_refused(self, groups: list[Any], pointer: str) -> None:
        assert pointer in faults(self.request(*groups))

    def test_other_policies_take_split_groups(self) -> None:
        request = self.request(("a", 2))
        request["reward"] = {"policy": "p-grpo"}
        assert len(plan(request).samples) == 1


def test_canonical_is_ascii_and_the_same_for_equal_tests() -> None:
    short = TestsAdapter.validate_python({"kind": "stdio", "cases": [{"stdout": "ä"}]})
    full = TestsAdapter.validate_python(
        {"compare": {"mode": "tokens"}, "cases": [{"stdout": "ä", "stdin": ""}], "kind": "stdio", "checker": None}
    )
    first, second = resolve(short).tests, resolve(full).tests
    assert first is not None
    assert second is not None
    assert canonical(first) == canonical(second)
    assert canonical(first).isascii()


def test_uploaded_test_sets_are_let_go_one_by_one() -> None:
    bodies = [json.dumps({"kind": "stdio", "cases": [{"stdin": str(i), "stdout": "x"}]}).encode() for i in range(3)]
    fetched = {hashlib.sha256(body).hexdigest(): body for body in bodies}
    shas = list(fetched)
    made = plan_batch(
        BatchRequest.model_validate(
            {"samples": [{"completion": "print('x')", "tests": {"ref": shas[i % 3]}} for i in range(9)]}
        ),
        owner="me",
        limits_default=Limits(),
        limits_max=Limits(),
        languages=["python"],
        sandbox_name="s",
        fetched=fetched,
    )
    assert not fetched
    assert len(made.test_sets) == 3
    assert len({s.unit.key for s in made.samples if s.unit}) == 3
    assert all(b'"stdin"' in body for body in made.test_sets.values())
