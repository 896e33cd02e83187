"""What the rows show without running anything: missing, repeated and contradictory tests, hints in the statement."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict

from proctor.datasets.findings import Finding, Kind
from proctor.datasets.problem import Problem
from proctor.wire import FunctionTests, PytestTests, ScriptTests, StdioTests

SHOWN = 20  # tests named in a finding, at most


class Scan:
    """Findings of rows, one after another. It keeps a hash per test set, to know those that come again."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def findings(self, problem: Problem) -> list[Finding]:
        """What is wrong with the row as it stands."""
        if problem.fault is not None:
            return [Finding(Kind.MALFORMED, problem.fault)]
        read = problem.read
        if not read.cases and not (read.invalid and read.tests):
            return [Finding(Kind.NO_TESTS, "zero tests")]
        if read.invalid:
            return [Finding(Kind.TESTS_INVALID, read.invalid)]
        if _asserts_nothing(problem):
            return [Finding(Kind.NO_TESTS, "nothing is asserted: all that would be stands in comments")]
        found = [*repeated(problem), *_constant(problem), *_several_answers(problem)]
        if (earlier := self._earlier(problem)) is not None:
            found.append(Finding(Kind.DUPLICATE_PROBLEM, f"the same tests as row {earlier}"))
        return found

    def _earlier(self, problem: Problem) -> int | None:
        assert problem.read.tests is not None
        text = json.dumps(problem.read.tests.model_dump())
        first = self._seen.setdefault(hashlib.sha256(text.encode("ascii")).digest()[:16], problem.number)
        return first if first != problem.number else None


def _asserts_nothing(problem: Problem) -> bool:
    """Whether test code, in a language that is compiled, holds no assertion outside its comments.

    Python's own tests are not judged by their text: a stub that passes shows it.
    """
    tests = problem.read.tests
    if not isinstance(tests, ScriptTests) or problem.language not in _COMMENTED:
        return False
    return _ASSERTS.search(_COMMENT.sub(" ", tests.code)) is None


def repeated(problem: Problem) -> list[Finding]:
    """Tests that are there twice, and inputs with two answers."""
    tests = problem.read.tests
    if isinstance(tests, StdioTests):
        pairs = [(case.stdin, " ".join(case.stdout.split())) for case in tests.cases]
        return _in_pairs(pairs, contradicts=tests.checker is None)
    if isinstance(tests, FunctionTests):
        calls = [(json.dumps([c.args, c.kwargs, c.result]), json.dumps(c.expected)) for c in tests.cases]
        return _in_pairs(calls, contradicts=True)
    code = tests.code if isinstance(tests, ScriptTests) else ""
    if isinstance(tests, PytestTests):
        names = _TEST_NAMES.findall("\n".join(tests.files.values()))
        twice = sorted({name for name in names if names.count(name) > 1})
        told = f"{', '.join(twice)}: defined again, so that only the last one runs"
        return [Finding(Kind.DUPLICATE_TESTS, told)] if twice else []
    lines = [line for line in code.splitlines() if line.lstrip().startswith("assert ") and _is_whole(line)]
    found = second_ones(lines)
    told = "; ".join(sorted({lines[i].strip()[:80] for i in found})[:3])
    return [Finding(Kind.DUPLICATE_TESTS, f"asserted twice: {told}")] if found else []


def _is_whole(line: str) -> bool:
    """Whether a statement ends with its line, as far as brackets tell."""
    return sum(line.count(c) for c in "([{") == sum(line.count(c) for c in ")]}") and not line.rstrip().endswith("\\")


def second_ones(values: list[str]) -> tuple[int, ...]:
    """The places of values that stood there before."""
    seen: set[str] = set()
    again = []
    for number, value in enumerate(values):
        if value in seen:
            again.append(number)
        seen.add(value)
    return tuple(again)


def _in_pairs(pairs: list[tuple[str, str]], *, contradicts: bool) -> list[Finding]:
    """Of (input, expected) pairs."""
    answers: dict[str, set[str]] = defaultdict(set)
    for given, expected in pairs:
        answers[given].add(expected)
    again = second_ones([json.dumps(pair) for pair in pairs])
    found = []
    if again:
        found.append(Finding(Kind.DUPLICATE_TESTS, f"{len(again)} of {len(pairs)} tests repeat another", again[:SHOWN]))
    at_odds = tuple(i for i, (given, _) in enumerate(pairs) if len(answers[given]) > 1)
    if at_odds and contradicts:
        told = "the same input with different expected outputs: one is wrong, or several answers are right"
        found.append(Finding(Kind.CONTRADICTORY_TESTS, told, at_odds[:SHOWN]))
    return found


def _constant(problem: Problem) -> list[Finding]:
    """Two tests or more, of different inputs, which all expect the same."""
    tests = problem.read.tests
    if isinstance(tests, StdioTests) and tests.checker is None:
        expected = {" ".join(case.stdout.split()) for case in tests.cases}
        inputs = {case.stdin for case in tests.cases}
    elif isinstance(tests, FunctionTests):
        expected = {json.dumps(case.expected) for case in tests.cases}
        inputs = {json.dumps([case.args, case.kwargs]) for case in tests.cases}
    else:
        return []
    if len(expected) > 1 or len(inputs) < 2:
        return []
    return [Finding(Kind.CONSTANT_ANSWER, f"{len(tests.cases)} tests expect {next(iter(expected))[:60]!a}")]


def _several_answers(problem: Problem) -> list[Finding]:
    """A statement that allows several answers, beside tests that compare with one."""
    tests = problem.read.tests
    plain_comparison = isinstance(tests, FunctionTests) or (isinstance(tests, StdioTests) and tests.checker is None)
    hint = _ANY_ANSWER.search(problem.read.problem or "") if plain_comparison else None
    if hint is None:
        return []
    return [Finding(Kind.NEEDS_CHECKER, f"the statement says {' '.join(hint[0].split())!a}, and there is no checker")]


_COMMENTED = frozenset({"c", "cpp", "go", "java", "javascript", "rust", "typescript", "csharp", "kotlin"})
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_ASSERTS = re.compile(r"assert|expect|panic|throw|exit|abort|\bt\.(?:Error|Fatal|Fail)", re.IGNORECASE)
_TEST_NAMES = re.compile(r"^(?:async[ \t]+)?def[ \t]+(test\w*)", re.MULTILINE)
_ANY_ANSWER = re.compile(
    r"""(?:if\s+there\s+(?:are|is)|when\s+there\s+are|in\s+case\s+of)
          \s+(?:multiple|several|many|more\s+than\s+one)\s+[^.]{0,80}?\b
          (?:print|output|return|find|choose|report|give)\s+any\b
      | (?:print|output|return|report|give)\s+any\s+
          (?:(?:one\s+)?of\s+(?:them|these|those)|valid\b|correct\b|possible\b|such\b)
      | any\s+of\s+(?:them|these|those)\s+(?:is|are|will\s+be)\s+(?:accepted|ok|fine|correct)
      | (?:multiple|several)\s+(?:answers|solutions|outputs)
          \s+(?:are|may\s+be|will\s+be)\s+(?:accepted|possible|correct)
      | (?:answers?|results?|output|them)\s+(?:can\s+be\s+(?:returned|printed|output)\s+)?in\s+any\s+order
    """,
    re.VERBOSE | re.IGNORECASE,
)
